using System.Globalization;
using System.Text.RegularExpressions;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>
/// The times of a bill as figures: the cycles of a step by cause, those of a cause by instruction, and beside them the figures of the chip's
/// file, and of the software's, that cycles of such a cause follow from.
/// </summary>
internal static partial class TimeFigures
{
    /// <summary>Ends of paths that are sizes and numbers of parts, not rates or latencies.</summary>
    private static readonly string[] NoRates = [".capacity", ".channels", ".devices", ".spareInterfaces", ".spareLinks"];

    /// <summary>Time to the first token, tokens a second, and the steps they are made of.</summary>
    public static IEnumerable<(string Name, Figure Figure)> Of(Tape tape, Bill bill)
    {
        Prediction p = bill.Prediction;
        Figure clock = Named(bill.Chip.Name, bill.Chip.Figures, "clock").FirstOrDefault() ?? Clock(bill.Chip);
        Figure slowedPrefill = Figure.Count("longer for the power limit", bill.Slowdown.Prefill);
        Figure slowedDecode = Figure.Count("longer for the power limit", bill.Slowdown.Decode);
        Figure prefill = Step("prefillStepCycles", tape, bill, p.PrefillStepTime);
        Figure decode = Step("decodeStepCycles", tape, bill, p.DecodeStepTime);
        Figure first = Figure.ByFormula(
            "timeToFirstTokenSeconds",
            "s",
            Band.Exactly((decimal)p.TimeToFirstToken.TotalSeconds),
            $"steps of {p.PromptTokens} prompt tokens of {p.Batch} sequences, the last of them prefillStepCycles / clock",
            prefill,
            clock,
            slowedPrefill
        );
        Figure mean = Figure.ByFormula(
            "decodeStepSeconds",
            "s",
            Band.Exactly((decimal)p.DecodeStep.TotalSeconds),
            "mean of the first decode step and the last, which is decodeStepCycles / clock",
            decode,
            clock,
            slowedDecode
        );
        Figure rate = Figure.ByFormula(
            "tokensPerSecond",
            "tokens/s",
            Band.Exactly((decimal)p.TokensPerSecond),
            "sequences / decodeStepSeconds",
            Figure.Count("sequences", p.Batch),
            mean
        );
        foreach (Figure figure in (Figure[])[first, rate, mean, prefill, decode])
            yield return (figure.Name, figure);
    }

    private static Figure Step(string name, Tape tape, Bill bill, StepTime time)
    {
        List<Figure> causes = [];
        foreach (IGrouping<Limiter, CriticalPathEntry> cause in time.CriticalPath.GroupBy(e => e.Cause).OrderByDescending(Cycles))
        {
            Figure[] instructions =
            [
                .. cause
                    .OrderByDescending(e => e.Cycles.Count)
                    .Select(e =>
                    {
                        Instruction at = tape.Roles[e.Role].Instructions[e.ProgramCounter];
                        string text =
                            $"{tape.Roles[e.Role].Name} {e.ProgramCounter} {at.Definition.Mnemonic} {tape.Origins[at.Origin].Operator}";
                        return Figure.Count(text, e.Cycles.Count, "cycles");
                    }),
            ];
            IEnumerable<Figure> constants = Rates(cause.Key)
                .SelectMany(path =>
                    Named(bill.Chip.Name, bill.Chip.Figures, path)
                        .Concat(Named(bill.Prediction.Options.Software?.Name ?? "", bill.Prediction.Options.Software?.Figures ?? [], path))
                );
            causes.Add(
                Figure.ByFormula(
                    $"cycles of {StepReport.Words(cause.Key.ToString())}",
                    "cycles",
                    Band.Exactly(Cycles(cause)),
                    "sum over the instructions on the critical path, by the figures of the chip below",
                    [.. instructions, .. constants]
                )
            );
        }
        return Figure.Sum(name, "cycles", causes);

        static long Cycles(IEnumerable<CriticalPathEntry> entries) => entries.Sum(e => e.Cycles.Count);
    }

    /// <summary>Where the rates stand that cycles of a cause follow from: beginnings of paths in files of chips and of software.</summary>
    private static string[] Rates(Limiter cause) =>
        cause switch
        {
            Limiter.Weights => ["memory[", "matrix.installRate", "rom.", "sram.bytesPerPort", "sram.ports", "sram.banks", "library.memory"],
            Limiter.Kv => ["memory[", "attention.kvRate", "sram.bytesPerPort", "library.memory", "library.decode"],
            Limiter.Compute => ["matrix.", "attention.macs", "attention.exponentials", "library.matrix", "library.attention"],
            Limiter.Vector => ["vector.", "conversion."],
            Limiter.Movement => ["sram.", "memory["],
            Limiter.Network => ["network.", "sharedSram."],
            Limiter.Links => ["links[", "collectives["],
            Limiter.Host => ["host."],
            Limiter.Launches => ["execution.launch", "execution.graph", "kernelGap", "library.launch", "library.elementwise"],
            Limiter.Issue => ["issueOverhead"],
            Limiter.Fill => ["matrix.pipelineFill", "library.splitOverhead", "library.decode"],
            Limiter.Latency => ["memory[", "network.hopLatency", "links["],
            _ => ["sram.", "network.", "memory[", "links["],
        };

    /// <summary>Figures of a file as numbers with their units; those that are no single number are left out.</summary>
    private static IEnumerable<Figure> Named(string file, IReadOnlyList<ChipFigure> figures, string path)
    {
        foreach (ChipFigure figure in figures.Where(f => IsRate(f.Path, path)))
        {
            Match match = Quantity().Match(figure.Text);
            if (!match.Success)
                continue;
            string unit = match.Groups[2].Value;
            bool isRange =
                figure.Figure.Range is { } range
                && Quantity().Match(range.Minimum).Groups[2].Value == unit
                && Quantity().Match(range.Maximum).Groups[2].Value == unit;
            yield return Figure.Constant(
                $"{file}.{figure.Path}",
                unit,
                (isRange ? figure.Figure : figure.Figure with { Range = null }).Select(text =>
                    Number(Quantity().Match(text).Groups[1].Value)
                )
            );
        }
    }

    private static bool IsRate(string path, string start) =>
        path.StartsWith(start, StringComparison.Ordinal) && !NoRates.Any(end => path.EndsWith(end, StringComparison.Ordinal));

    private static decimal Number(string text) => decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static Figure Clock(ChipDescription chip) => Figure.Count($"{chip.Name}.clock", chip.Clock.Count, "Hz");

    [GeneratedRegex(@"^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z%][A-Za-z/%]*)?$")]
    private static partial Regex Quantity();
}
