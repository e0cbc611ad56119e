using System.CommandLine;
using System.Text.Json.Nodes;
using Tapeout.Quantities;
using Tapeout.Reports;

namespace Tapeout.Cli;

/// <summary><c>tapeout compare CHIP CHIP …</c>: one model and load on several chips, side by side.</summary>
internal static class CompareVerb
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        SimulatedLoad load = new();
        Argument<string[]> chips = new("chips")
        {
            Description = "Chips: NAME[:COUNT][@FORMAT], for instance ideal nvidia-h100-sxm:4@bf16.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Command command = new("compare", "Times a model on several chips and prints them side by side; no weights are needed.")
        {
            chips,
            json,
        };
        load.AddTo(command, namesChip: false);
        command.SetAction(parsed =>
        {
            // A verb that takes any number of words takes a mistyped option for one of them.
            if (parsed.GetValue(chips)!.FirstOrDefault(word => word.StartsWith('-')) is { } unknown)
                throw new InvalidInputException(
                    $"'{unknown}' is not an option here{Sentence.DidYouMean(unknown, command.Options.SelectMany(o => o.Aliases.Append(o.Name)))}. See 'tapeout compare --help'."
                );
            Refusals refusals = new();
            ComparedChip?[] wanted = [.. parsed.GetValue(chips)!.Select(text => refusals.Try(() => ComparedChip.Parse(text)))];
            // A chip that is not there is a slip of the pen; one that is there and cannot is a result.
            foreach (ComparedChip chip in wanted.OfType<ComparedChip>())
                refusals.Try(() => load.LoadChip(parsed, chip));
            refusals.Throw();
            List<ComparisonRow> rows = [];
            using ProgressLine progress = new(errors);
            foreach (ComparedChip chip in wanted.OfType<ComparedChip>())
            {
                progress.Start($"timing {chip}");
                try
                {
                    load.Use(
                        parsed,
                        chip,
                        (model, options, result, bill) =>
                        {
                            JsonObject figures = PredictionReport.Json(bill.Chip, options, model, result.Tape, bill.Prediction);
                            BillReport.AddTo(figures, bill);
                            rows.Add(new(chip.ToString(), figures, bill, model.Name, options.FormatName, ""));
                            return 0;
                        }
                    );
                }
                catch (InvalidInputException e)
                {
                    rows.Add(new(chip.ToString(), null, null, "", "", string.Join(" ", e.Problems)));
                }
            }
            progress.Finish();
            // What every chip refuses for the same reason is the load's fault, not a chip's.
            if (rows.All(row => row.Bill is null))
                throw new InvalidInputException([.. rows.Select(row => row.Refusal).Distinct()]);
            if (parsed.GetValue(json))
                JsonOutput.Write(output, new JsonObject { ["rows"] = new JsonArray([.. rows.Select(row => row.Json())]) });
            else
                ComparisonReport.Print(output, rows);
            return 0;
        });
        return command;
    }
}
