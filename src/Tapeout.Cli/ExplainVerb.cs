using System.CommandLine;
using Tapeout.Quantities;
using Tapeout.Reports;
using Tapeout.Timing;

namespace Tapeout.Cli;

/// <summary><c>tapeout explain FIGURE</c>: walks a figure of a bill down to its constants and their sources.</summary>
internal static class ExplainVerb
{
    public static Command Create(TextWriter output)
    {
        SimulatedLoad load = new();
        Argument<string?> named = new("figure")
        {
            Description = "A figure of the bill, such as joulesPerToken or area.SRAM; without one they are listed.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Command command = new("explain", "Walks a figure of a bill down to its constants and their sources.") { named };
        load.AddTo(command);
        command.SetAction(parsed =>
            load.Use(
                parsed,
                (model, options, result, bill) =>
                {
                    IReadOnlyDictionary<string, Figure> figures = BillFigures.Of(result.Tape, bill);
                    string conditions =
                        $"{bill.Chip.Name} × {options.Chips}, {model.Name}, {options.FormatName}, batch {bill.Prediction.Batch}, prompt {bill.Prediction.PromptTokens}, output {bill.Prediction.OutputTokens}";
                    if (parsed.GetValue(named) is not { } name)
                    {
                        output.WriteLine($"figures of {conditions}");
                        foreach ((string figure, Figure value) in figures)
                            output.WriteLine($"  {figure, -34} {BillReport.Text(value.Value, value.Unit)}");
                        return 0;
                    }
                    if (!figures.TryGetValue(name, out Figure? found))
                    {
                        string why = bill.Unknown.Count == 0 ? "" : " " + string.Join(" ", bill.Unknown.Values.Distinct());
                        throw new InvalidInputException(
                            $"The bill has no figure '{(name.Length > 40 ? name[..40] + "…" : name)}'{Sentence.DidYouMean(name, figures.Keys)}: 'tapeout explain' without a name lists them.{why}"
                        );
                    }
                    output.WriteLine($"{conditions}");
                    FigureWalk.Print(output, found);
                    return 0;
                }
            )
        );
        return command;
    }
}
