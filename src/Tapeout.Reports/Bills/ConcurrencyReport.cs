using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>How many sequences the memory for the KV cache holds, by the length of their context.</summary>
public static class ConcurrencyReport
{
    /// <summary>The lengths that reports show, in positions.</summary>
    public static IReadOnlyList<int> Contexts { get; } = [1024, 4096, 16384, 65536, 131072];

    /// <summary>Prints a line for each length.</summary>
    public static void Print(TextWriter output, Tape tape, ChipDescription chip)
    {
        output.WriteLine("most concurrent sequences that memory for the KV cache holds");
        foreach (int context in Contexts)
            PredictionReport.Row(output, $"{Text(context)} positions", Text(Concurrency.MostSequences(tape, chip, context)), "");
    }

    /// <summary>An array of objects with <c>contextPositions</c> and <c>sequences</c>.</summary>
    public static JsonArray Json(Tape tape, ChipDescription chip) =>
        new([
            .. Contexts.Select(context =>
                (JsonNode)new JsonObject { ["contextPositions"] = context, ["sequences"] = Concurrency.MostSequences(tape, chip, context) }
            ),
        ]);

    private static string Text(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);
}
