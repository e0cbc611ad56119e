using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>
/// Where the time of a step goes. Two kinds of tables that are never mixed: the critical path, whose rows sum to the step, by cause, operator
/// and instruction; and occupancy, which does not sum, by engine.
/// </summary>
public static class StepReport
{
    /// <summary>Prints what limits prefill and decode, where their time goes, and what more of each resource would buy.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="tape">The tape.</param>
    /// <param name="chip">Its chip.</param>
    /// <param name="prediction">What was predicted.</param>
    /// <param name="rows">Most rows of the tables by operator and instruction.</param>
    public static void Print(TextWriter output, Tape tape, ChipDescription chip, Prediction prediction, int rows = 12)
    {
        Step(output, "prefill, last step", tape, chip, prediction.PrefillStepTime, rows);
        Step(output, "decode, last step", tape, chip, prediction.DecodeStepTime, rows);
        output.WriteLine("what 10 % more of a resource would buy (share of the step that it would be shorter)");
        Dictionary<Resource, double> prefill = Sensitivity
            .Of(tape, chip, prediction.PrefillShape, prediction.Options)
            .ToDictionary(g => g.Resource, g => g.Share);
        foreach (ResourceGain gain in Sensitivity.Of(tape, chip, prediction.DecodeShape, prediction.Options))
        {
            if (gain.Share != 0 || prefill[gain.Resource] != 0)
                output.WriteLine(
                    $"  {Words(gain.Resource.ToString()), -20} decode {Percent(gain.Share), 8}   prefill {Percent(prefill[gain.Resource]), 8}"
                );
        }
    }

    /// <summary>The tables as JSON, cycles of the first role's clock.</summary>
    public static JsonObject Json(Tape tape, StepTime time) =>
        new()
        {
            ["cycles"] = time.Cycles.Count,
            ["seconds"] = time.Duration.TotalSeconds,
            ["limiter"] = time.Limiter.ToString(),
            ["charged"] = Cycles(time.Charged.Select(c => (c.Key.ToString(), c.Value.Count))),
            ["busy"] = Cycles(time.Busy.Select(b => (b.Key.ToString(), b.Value.Count))),
            ["operators"] = Cycles(Operators(tape, time)),
            ["criticalPath"] = new JsonArray([
                .. time.CriticalPath.Select(e =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["role"] = tape.Roles[e.Role].Name,
                            ["programCounter"] = e.ProgramCounter,
                            ["instruction"] = At(tape, e).Definition.Mnemonic,
                            ["operator"] = tape.Origins[At(tape, e).Origin].Operator,
                            ["cause"] = e.Cause.ToString(),
                            ["cycles"] = e.Cycles.Count,
                        }
                ),
            ]),
        };

    /// <summary>
    /// Every execution of a step as comma-separated text: role, place in the stream, instruction, operator, layer, engine, start, release and
    /// result in cycles, cause, bytes of memory beside the die.
    /// </summary>
    public static void Csv(TextWriter output, Tape tape, Timeline timeline)
    {
        output.Write(
            "role,program_counter,instruction,operator,layer,engine,start_cycles,released_cycles,done_cycles,cause,memory_bytes\n"
        );
        foreach (TimelineEntry e in timeline.Entries)
            output.Write(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{tape.Roles[e.Role].Name},{e.ProgramCounter},{e.Instruction.Definition.Mnemonic},{tape.Origins[e.Instruction.Origin].Operator},{e.Layer},{e.Instruction.Engine},{e.Start},{e.Released},{e.Done},{e.Cause},{e.MemoryBytes}\n"
                )
            );
    }

    private static void Step(TextWriter output, string name, Tape tape, ChipDescription chip, StepTime time, int rows)
    {
        double whole = Math.Max(1, time.Cycles.Count);
        output.WriteLine(
            $"{name}: {PredictionReport.Seconds(time.Duration.TotalSeconds)}, {time.Cycles.Count.ToString("#,0", CultureInfo.InvariantCulture)} cycles at {chip.Clock}, {time.Instructions.ToString("#,0", CultureInfo.InvariantCulture)} instructions, limited by {Words(time.Limiter.ToString())}"
        );
        void Table(string title, IEnumerable<(string Name, long Cycles)> entries)
        {
            output.WriteLine($"  {title}");
            foreach ((string entry, long cycles) in entries)
                output.WriteLine(
                    $"    {entry, -38} {cycles.ToString("#,0", CultureInfo.InvariantCulture), 15} {Percent(cycles / whole), 8}"
                );
        }
        Table("critical path by cause (sums to the step)", time.Charged.Select(c => (Words(c.Key.ToString()), c.Value.Count)));
        Table("critical path by operator", Longest(Operators(tape, time), rows));
        Table(
            "critical path by instruction",
            Longest(
                time.CriticalPath.Select(e =>
                    (
                        $"{e.ProgramCounter, 4} {At(tape, e).Definition.Mnemonic} {tape.Origins[At(tape, e).Origin].Operator}: {Words(e.Cause.ToString())}",
                        e.Cycles.Count
                    )
                ),
                rows
            )
        );
        Table(
            "occupancy of engines (does not sum)",
            time.Busy.OrderByDescending(b => b.Value.Count).Select(b => (b.Key.ToString(), b.Value.Count))
        );
        if (time.MemoryBusy.Count > 0)
            Table("occupancy of memory beside the die", [("memory", time.MemoryBusy.Count)]);
    }

    internal static IEnumerable<(string Name, long Cycles)> Operators(Tape tape, StepTime time) =>
        time
            .CriticalPath.GroupBy(e => tape.Origins[At(tape, e).Origin].Operator)
            .Select(g => (g.Key, g.Sum(e => e.Cycles.Count)))
            .OrderByDescending(o => o.Item2)
            .ThenBy(o => o.Key, StringComparer.Ordinal);

    /// <summary>The longest entries, the rest as one, so that the table still sums.</summary>
    private static IEnumerable<(string Name, long Cycles)> Longest(IEnumerable<(string Name, long Cycles)> entries, int rows)
    {
        (string Name, long Cycles)[] all = [.. entries];
        foreach ((string, long) entry in all.Take(rows))
            yield return entry;
        if (all.Length > rows)
            yield return ($"{all.Length - rows} others", all.Skip(rows).Sum(e => e.Cycles));
    }

    private static Instruction At(Tape tape, CriticalPathEntry entry) => tape.Roles[entry.Role].Instructions[entry.ProgramCounter];

    private static JsonObject Cycles(IEnumerable<(string Name, long Cycles)> entries)
    {
        JsonObject result = [];
        foreach ((string name, long cycles) in entries)
            result[name.Length > 0 ? char.ToLowerInvariant(name[0]) + name[1..] : "none"] = cycles;
        return result;
    }

    internal static string Words(string name)
    {
        StringBuilder text = new();
        foreach (char c in name)
        {
            if (char.IsUpper(c) && text.Length > 0)
                text.Append(' ');
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.0} %");
}
