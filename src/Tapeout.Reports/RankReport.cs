using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Isa;
using Tapeout.Quantities;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>A step whose ranks were timed side by side, beside the step for which rank 0 stands for all.</summary>
public static class RankReport
{
    /// <summary>Cycles and seconds of both, and when each rank has its last result.</summary>
    /// <param name="tape">The tape that was timed.</param>
    /// <param name="together">Every rank (<see cref="TimingOptions.ExpandsRanks"/>).</param>
    /// <param name="folded">Rank 0 for all.</param>
    public static JsonObject Json(Tape tape, Timeline together, Timeline folded) =>
        new()
        {
            ["cycles"] = together.Makespan.Count,
            ["seconds"] = Duration.FromCycles(together.Makespan, together.Clock).TotalSeconds,
            ["foldedCycles"] = folded.Makespan.Count,
            ["ranks"] = new JsonArray([
                .. together.RankMakespans.Select(r =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["role"] = tape.Roles[r.Role].Name,
                            ["rank"] = r.Rank,
                            ["doneCycles"] = r.Done.Count,
                        }
                ),
            ]),
        };

    /// <summary>The same for a terminal.</summary>
    public static void Print(TextWriter output, Tape tape, Timeline together, Timeline folded)
    {
        output.WriteLine("ranks (each timed beside the others, last decode step)");
        Duration seconds = Duration.FromCycles(together.Makespan, together.Clock);
        string all = Cycles(together.Makespan);
        PredictionReport.Row(
            output,
            "together",
            PredictionReport.Seconds(seconds.TotalSeconds),
            together.Makespan == folded.Makespan
                ? $"{all} cycles, as of the first for all"
                : $"{all} cycles; {Cycles(folded.Makespan)} of the first for all"
        );
        foreach (var done in together.RankMakespans.GroupBy(r => (r.Role, r.Done)).OrderBy(g => g.Key.Role).ThenBy(g => g.Key.Done.Count))
        {
            int[] ranks = [.. done.Select(r => r.Rank)];
            string which = ranks.Length == 1 ? $"rank {ranks[0]}" : $"{ranks.Length} ranks from {ranks[0]} to {ranks[^1]}";
            Duration at = Duration.FromCycles(done.Key.Done, together.Clock);
            PredictionReport.Row(
                output,
                tape.Roles[done.Key.Role].Name,
                PredictionReport.Seconds(at.TotalSeconds),
                $"{which} done at {Cycles(done.Key.Done)} cycles"
            );
        }
    }

    private static string Cycles(Cycles cycles) => cycles.Count.ToString("#,0", CultureInfo.InvariantCulture);
}
