using Tapeout.Isa;
using Tapeout.Quantities;
using Tapeout.Timing;

namespace Tapeout.Reports.Validation;

/// <summary>Predictions held against measurements: every row that can be a program is compiled to one and timed as any tape is.</summary>
public sealed class ValidationRun
{
    private ValidationRun(IReadOnlyList<ValidatedRow> rows, IReadOnlyList<ComparedDie> dies)
    {
        Rows = rows;
        Dies = dies;
        Families =
        [
            .. rows.Where(r => r.IsExpressed)
                .GroupBy(r => r.Family)
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => new FamilyResult(
                    g.Key,
                    ErrorStatistics.Of(g.Select(r => r.Error)),
                    ErrorStatistics.Of(g.Where(r => r.IsHeldOut).Select(r => r.Error)),
                    ErrorStatistics.Of(g.Select(r => r.RooflineError)),
                    ErrorStatistics.Of(g.Where(r => r.IsHeldOut).Select(r => r.RooflineError)),
                    g.Count(r => r.Unit == "s" && r.Roofline > r.Measured)
                )),
        ];
        TimedAs =
        [
            .. rows.Where(r => r.IsExpressed)
                .GroupBy(r =>
                    (Gpu: r.Row.Has("gpu") ? r.Row.Text("gpu") : r.Row.Text("hardware"), Stack: r.Row.Text("stack"), r.Chip, r.Software)
                )
                .OrderBy(g => g.Key.Gpu, StringComparer.Ordinal)
                .ThenBy(g => g.Key.Stack, StringComparer.Ordinal)
                .ThenBy(g => g.Key.Software, StringComparer.Ordinal)
                .Select(g => (g.Key.Gpu, g.Key.Stack.Length > 0 ? g.Key.Stack : "not stated", g.Key.Chip, g.Key.Software, g.Count())),
        ];
        Inexpressible =
        [
            .. rows.Where(r => !r.IsExpressed)
                .GroupBy(r => (r.Row.File, r.Reason))
                .OrderBy(g => g.Key.File, StringComparer.Ordinal)
                .ThenByDescending(g => g.Count())
                .Select(g => (g.Key.File, g.Key.Reason, g.Count())),
        ];
    }

    /// <summary>All rows, in the order of the files.</summary>
    public IReadOnlyList<ValidatedRow> Rows { get; }

    /// <summary>Modelled dies beside photographs.</summary>
    public IReadOnlyList<ComparedDie> Dies { get; }

    /// <summary>Errors by family.</summary>
    public IReadOnlyList<FamilyResult> Families { get; }

    /// <summary>What the rows were timed as: the GPU and the software that they name, the chip and the stack of the catalog, how many rows.</summary>
    public IReadOnlyList<(string Gpu, string Stack, string Chip, string Software, int Count)> TimedAs { get; }

    /// <summary>Rows that could not be expressed: file, reason, how many.</summary>
    public IReadOnlyList<(string File, string Reason, int Count)> Inexpressible { get; }

    /// <summary>Validates the rows of files or folders of .csv files.</summary>
    /// <param name="paths">Files and folders.</param>
    /// <param name="softwareOverrides">Fields of software stacks to replace: "name:path=value".</param>
    /// <exception cref="InvalidInputException">A file cannot be read.</exception>
    public static ValidationRun Of(IReadOnlyList<string> paths, IReadOnlyList<string>? softwareOverrides = null)
    {
        RowPlanner planner = new(softwareOverrides ?? []);
        List<ValidatedRow> rows = [];
        List<ComparedDie> dies = [];
        foreach (string path in paths.SelectMany(Expand))
        {
            IReadOnlyList<MeasuredRow> read = MeasuredFile.Read(path);
            if (read.Count > 0 && read[0].Has("area_mm2"))
                dies.AddRange(DieAreaComparison.Of(File.ReadAllText(path)));
            else
                rows.AddRange(read.Select(row => Validate(planner, row)));
        }
        return new(rows, dies);
    }

    /// <summary>Validates rows that are read already.</summary>
    public static ValidationRun Of(IEnumerable<MeasuredRow> rows)
    {
        RowPlanner planner = new([]);
        return new([.. rows.Select(row => Validate(planner, row))], []);
    }

    private static IEnumerable<string> Expand(string path)
    {
        if (!Directory.Exists(path))
            return [path];
        string[] files = [.. Directory.EnumerateFiles(path, "*.csv").Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : throw new InvalidInputException($"The folder '{path}' has no .csv files: give files of measurements or their folder.");
    }

    private static ValidatedRow Validate(RowPlanner planner, MeasuredRow row)
    {
        if (row.Has("metric"))
            return planner.EndToEnd.Validate(row);
        RowPlan? plan = planner.Plan(row, out string reason);
        if (plan is null)
            return new(row, "", "", false, 0, 0, 0, reason);
        double measured = row.Milliseconds("latency_ms");
        return new(row, plan.Family, plan.Shape, plan.IsHeldOut, measured, Predict(plan), plan.Roofline, "")
        {
            Chip = plan.Chip.Name,
            Software = plan.Software.Name,
        };
    }

    private static double Predict(RowPlan plan)
    {
        TimingOptions options = new() { Software = plan.Software };
        Timeline timeline = Timeline.Of(plan.Tape, plan.Chip, plan.Step, options);
        double seconds = Duration.FromCycles(timeline.Makespan, timeline.Clock).TotalSeconds;
        if (!plan.IsLaunchedByHost)
            return seconds;
        // The tape holds the row three times: from the end of the second to the end of the third is a turn of the benchmark's loop.
        List<TimelineEntry> entries = [.. timeline.Entries.Where(e => e.Instruction is not Halt)];
        long second = entries.Take(entries.Count * 2 / 3).Max(e => e.Done);
        return Duration.FromCycles(new(timeline.Makespan.Count - second), timeline.Clock).TotalSeconds;
    }
}
