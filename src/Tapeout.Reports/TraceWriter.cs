using System.Text.Json;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>
/// Writes a timeline in the JSON format of Chrome's trace viewer, which Perfetto opens: chips as processes, engines as threads, executions as
/// slices named for operator and instruction, bandwidth of the memory beside the die of rank 0 and power of a card as counters. Times are
/// microseconds.
/// </summary>
public static class TraceWriter
{
    private const int CounterSteps = 500;

    /// <summary>Writes the trace.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="tape">The tape.</param>
    /// <param name="chip">Its chip.</param>
    /// <param name="timeline">A step of it.</param>
    /// <param name="power">Power of a card over the same step; null where it is unknown.</param>
    public static void Write(Stream output, Tape tape, ChipDescription chip, Timeline timeline, PowerTrace? power = null)
    {
        double microseconds = 1e6 / timeline.Clock.Count;
        using Utf8JsonWriter json = new(output);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ns");
        json.WriteStartArray("traceEvents");
        // Each role is a process, or each rank of each.
        Dictionary<(int Role, int Rank), int> processes = [];
        foreach ((int role, int rank, _) in timeline.RankMakespans)
        {
            int process = processes[(role, rank)] = processes.Count;
            string what = timeline.HasEveryRank ? $"rank {rank} of {tape.Roles[role].Ranks}:" : $"{tape.Roles[role].Ranks} ×";
            Name(json, "process_name", process, null, $"{what} {chip.Name} ({tape.Roles[role].Name})");
            foreach (Engine engine in Enum.GetValues<Engine>())
                Name(json, "thread_name", process, (int)engine, engine.ToString());
        }
        long[] bytes = new long[CounterSteps];
        long step = Math.Max(1, timeline.Makespan.Count / CounterSteps + 1);
        foreach (TimelineEntry entry in timeline.Entries)
        {
            if (entry.Instruction is Halt)
                continue;
            string @operator = tape.Origins[entry.Instruction.Origin].Operator;
            json.WriteStartObject();
            json.WriteString("ph", "X");
            json.WriteString("name", $"{@operator} {entry.Instruction.Definition.Mnemonic}");
            json.WriteString("cat", entry.Cause.ToString());
            json.WriteNumber("pid", processes[(entry.Role, entry.Rank)]);
            json.WriteNumber("tid", (int)entry.Instruction.Engine);
            json.WriteNumber("ts", Math.Round(entry.Start * microseconds, 6));
            json.WriteNumber("dur", Math.Round((entry.Released - entry.Start) * microseconds, 6));
            json.WriteStartObject("args");
            json.WriteString("operator", @operator);
            json.WriteNumber("layer", entry.Layer);
            json.WriteNumber("programCounter", entry.ProgramCounter);
            json.WriteNumber("startCycles", entry.Start);
            json.WriteNumber("doneCycles", entry.Done);
            json.WriteNumber("memoryBytes", entry.MemoryBytes);
            json.WriteEndObject();
            json.WriteEndObject();
            if (entry.MemoryBytes > 0 && entry.Rank == 0)
                Spread(bytes, entry, step);
        }
        for (int i = 0; i < CounterSteps; i++)
            Counter(json, "memory bandwidth", i * step * microseconds, "GB/s", bytes[i] / (step * microseconds) / 1e3);
        double slice = power is null ? 0 : power.Duration.TotalSeconds * 1e6 / Math.Max(1, power.Watts.Count);
        for (int i = 0; i < power?.Watts.Count; i++)
            Counter(json, "power of a card", i * slice, "W", power.Watts[i]);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Bytes of an execution, evenly over the steps that it reaches into.</summary>
    private static void Spread(long[] bytes, TimelineEntry entry, long step)
    {
        long first = entry.Start / step;
        long last = Math.Max(first, (entry.Released - 1) / step);
        for (long i = first; i <= last; i++)
            bytes[Math.Min(bytes.Length - 1, i)] += entry.MemoryBytes / (last - first + 1);
    }

    private static void Counter(Utf8JsonWriter json, string name, double at, string unit, double value)
    {
        json.WriteStartObject();
        json.WriteString("ph", "C");
        json.WriteString("name", name);
        json.WriteNumber("pid", 0);
        json.WriteNumber("ts", Math.Round(at, 6));
        json.WriteStartObject("args");
        json.WriteNumber(unit, Math.Round(value, 3));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Name(Utf8JsonWriter json, string kind, int process, int? thread, string name)
    {
        json.WriteStartObject();
        json.WriteString("ph", "M");
        json.WriteString("name", kind);
        json.WriteNumber("pid", process);
        if (thread is { } id)
            json.WriteNumber("tid", id);
        json.WriteStartObject("args");
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
