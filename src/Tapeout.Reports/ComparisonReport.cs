using System.Globalization;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>Several chips side by side, for people: a line a chip, figures in columns, each decode rate also over the first chip's.</summary>
public static class ComparisonReport
{
    private static readonly string[] Headings =
    [
        "chip",
        "format",
        "first token",
        "tokens/s",
        "of first",
        "limited by",
        "J/token, card",
        "W a card",
        "mm2 in all",
        "USD a card",
        "USD/M tokens",
    ];

    /// <summary>Prints the table under one heading that states its conditions; chips that refuse are named below it, each with its reason.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="rows">The chips, at least one of which has a bill.</param>
    public static void Print(TextWriter output, IReadOnlyList<ComparisonRow> rows)
    {
        ComparisonRow[] timed = [.. rows.Where(row => row.Bill is not null)];
        Prediction first = timed[0].Bill!.Prediction;
        output.WriteLine(
            Invariant(
                $"predicted ({timed[0].Model}, batch {first.Batch}, prompt {first.PromptTokens}, output {first.OutputTokens}; typical values, 'simulate' has their bands)"
            )
        );
        string[][] cells = [Headings, .. timed.Select(row => Cells(row, first.TokensPerSecond))];
        int[] widths = [.. Headings.Select((_, column) => cells.Max(line => line[column].Length))];
        foreach (string[] line in cells)
        {
            // Words to the left, numbers to the right.
            IEnumerable<string> padded = line.Select((cell, i) => i is 0 or 1 or 5 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]));
            output.WriteLine($"  {string.Join("  ", padded)}".TrimEnd());
        }
        string[] unvalidated = [.. timed.Where(row => row.Bill!.Prediction.Options.Software is null).Select(row => row.Chip)];
        if (unvalidated.Length > 0)
            output.WriteLine($"  not validated against hardware: {string.Join(", ", unvalidated)}");
        foreach (
            IGrouping<string, ComparisonRow> stack in timed
                .Where(r => r.Bill!.Prediction.Options.Software is not null)
                .GroupBy(r => r.Bill!.Prediction.Options.Software!.Name)
        )
            output.WriteLine(
                $"  kernels of {string.Join(", ", stack.Select(r => r.Chip))} follow '{stack.Key}': errors by family in docs/validation.md"
            );
        foreach (ComparisonRow row in timed)
        {
            foreach (string reason in row.Bill!.Unknown.Values.Distinct())
                output.WriteLine($"  {row.Chip}: {reason}");
        }
        foreach (ComparisonRow row in rows.Where(row => row.Bill is null))
            output.WriteLine($"  {row.Chip} cannot: {row.Refusal}");
    }

    private static string[] Cells(ComparisonRow row, double firstRate)
    {
        Bill bill = row.Bill!;
        Prediction prediction = bill.Prediction;
        return
        [
            row.Chip,
            row.Format,
            PredictionReport.Seconds(prediction.TimeToFirstToken.TotalSeconds),
            Invariant($"{prediction.TokensPerSecond:#,0.#}"),
            firstRate == 0 ? "–" : Invariant($"{prediction.TokensPerSecond / firstRate:0.00}×"),
            prediction.DecodeStepTime.Limiter.ToString(),
            Figure(bill.JoulesPerToken?.Typical),
            bill.Decode is { } decode ? Invariant($"{decode.MeanWatts(Boundary.Card) / bill.Chips:0}") : "–",
            bill.TotalSquareMillimetres is { } area ? Invariant($"{area:#,0}") : "–",
            bill.Cost is { } cost ? Invariant($"{cost.Total.Value.Typical:#,0}") : "–",
            Figure(bill.DollarsPerMillionTokens?.Value.Typical),
        ];
    }

    private static string Figure(decimal? value) => value is { } known ? BillReport.Number(known) : "–";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
