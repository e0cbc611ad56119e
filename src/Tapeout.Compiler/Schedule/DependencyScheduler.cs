using System.Collections.Immutable;
using Tapeout.Isa;
using Barrier = Tapeout.Isa.Barrier;

namespace Tapeout.Compiler;

/// <summary>
/// Orders engines by tokens. The stream is unrolled for a few iterations of every loop; vector clocks over the in-order engines show which
/// reads and writes of the same bytes are not yet ordered; each such pair gets a token between the two instructions, lifted to the loop
/// body that both share: a dependence from iteration i to i + d has d credits. Where an instruction sits in an inner loop its engine's
/// BARRIER before or after that loop stands for it. Tokens always point forward in the stream, so they cannot deadlock.
/// </summary>
internal static class DependencyScheduler
{
    private const int Engines = 8;

    /// <summary>A place where a token is signalled or waited for: an instruction, or the marker before a LOOP or after an END.</summary>
    private readonly record struct Place(int ProgramCounter, Engine Engine, bool IsMarker);

    private readonly record struct Edge(Place Producer, Place Consumer, int Credits);

    public static Role Schedule(Role role, StepSizes bounds)
    {
        int[][] enclosing = EnclosingLoops(role);
        int[] ends = new int[role.Instructions.Length];
        for (int pc = 0; pc < ends.Length; pc++)
        {
            if (role.Instructions[pc] is Loop)
                ends[pc] = Sequencer.EndOf(role, pc);
        }
        OrderedDictionary<Edge, bool> edges = Analyse(role, bounds, enclosing, ends);
        return Insert(role, [.. edges.Keys]);
    }

    private static OrderedDictionary<Edge, bool> Analyse(Role role, StepSizes bounds, int[][] enclosing, int[] ends)
    {
        Units units = new(role, bounds);
        OrderedDictionary<Edge, bool> edges = [];
        List<InstructionInstance> instances = [.. Sequencer.Unroll(role, bounds, 3)];
        int[][] clocks = new int[instances.Count][];
        int[] lastOnEngine = new int[Engines];
        Array.Fill(lastOnEngine, -1);
        foreach (InstructionInstance instance in instances)
        {
            int engine = (int)instance.Instruction.Engine;
            int[] clock = new int[Engines];
            Array.Fill(clock, -1);
            if (lastOnEngine[engine] >= 0)
                Join(clock, clocks[lastOnEngine[engine]], engine, lastOnEngine[engine]);
            foreach (int earlier in units.Hazards(instance, clock, engine))
            {
                if (clock[(int)instances[earlier].Instruction.Engine] >= earlier)
                    continue;
                edges.TryAdd(Lift(role, instances[earlier], instance, enclosing, ends), true);
                Join(clock, clocks[earlier], (int)instances[earlier].Instruction.Engine, earlier);
            }
            units.Record(instance, engine);
            clocks[instance.Index] = clock;
            lastOnEngine[engine] = instance.Index;
        }
        return edges;
    }

    private static void Join(int[] clock, int[] other, int engine, int index)
    {
        for (int e = 0; e < Engines; e++)
            clock[e] = Math.Max(clock[e], other[e]);
        clock[engine] = Math.Max(clock[engine], index);
    }

    private static Edge Lift(Role role, InstructionInstance producer, InstructionInstance consumer, int[][] enclosing, int[] ends)
    {
        int[] outer = enclosing[producer.ProgramCounter];
        int[] inner = enclosing[consumer.ProgramCounter];
        int shared = 0;
        int credits = 0;
        while (shared < outer.Length && shared < inner.Length && outer[shared] == inner[shared])
        {
            int level = ((Loop)role.Instructions[outer[shared]]).Level;
            shared++;
            credits = consumer.Loops[level] - producer.Loops[level];
            if (credits != 0)
                break;
        }
        Place from =
            outer.Length > shared
                ? new(ends[outer[shared]], producer.Instruction.Engine, true)
                : new(producer.ProgramCounter, producer.Instruction.Engine, false);
        Place to =
            inner.Length > shared
                ? new(inner[shared], consumer.Instruction.Engine, true)
                : new(consumer.ProgramCounter, consumer.Instruction.Engine, false);
        return new(from, to, credits);
    }

    private static Role Insert(Role role, IReadOnlyList<Edge> edges)
    {
        List<DependencyToken> tokens = [];
        Dictionary<Place, List<int>> signals = [];
        Dictionary<Place, List<int>> waits = [];
        foreach (Edge edge in edges)
        {
            int token = tokens.Count;
            tokens.Add(new(edge.Producer.Engine, edge.Consumer.Engine, edge.Credits));
            List(signals, edge.Producer).Add(token);
            List(waits, edge.Consumer).Add(token);
        }
        List<Instruction> result = [];
        for (int pc = 0; pc < role.Instructions.Length; pc++)
        {
            Instruction instruction = role.Instructions[pc];
            if (instruction is Loop)
                Markers(result, waits, pc, instruction, true);
            Place place = new(pc, instruction.Engine, false);
            result.Add(instruction with { Waits = Tokens(waits, place), Signals = Tokens(signals, place) });
            if (instruction is End)
                Markers(result, signals, pc, instruction, false);
        }
        return role with { Tokens = [.. tokens], Instructions = [.. result] };
    }

    private static void Markers(List<Instruction> result, Dictionary<Place, List<int>> places, int pc, Instruction loop, bool isWait)
    {
        for (int e = 0; e < Engines; e++)
        {
            if (!places.TryGetValue(new(pc, (Engine)e, true), out List<int>? tokens))
                continue;
            Barrier marker = new() { Engine = (Engine)e, Origin = loop.Origin };
            result.Add(isWait ? marker with { Waits = [.. tokens] } : marker with { Signals = [.. tokens] });
        }
    }

    private static List<int> List(Dictionary<Place, List<int>> places, Place place)
    {
        if (!places.TryGetValue(place, out List<int>? list))
            places[place] = list = [];
        return list;
    }

    private static ImmutableArray<int> Tokens(Dictionary<Place, List<int>> places, Place place) =>
        places.TryGetValue(place, out List<int>? list) ? [.. list] : [];

    private static int[][] EnclosingLoops(Role role)
    {
        int[][] result = new int[role.Instructions.Length][];
        List<int> open = [];
        for (int pc = 0; pc < result.Length; pc++)
        {
            if (role.Instructions[pc] is End)
                open.RemoveAt(open.Count - 1);
            result[pc] = [.. open];
            if (role.Instructions[pc] is Loop)
                open.Add(pc);
        }
        return result;
    }

    /// <summary>The slots of all buffers that are ever written, which of them share bytes, and who touched them last.</summary>
    private sealed class Units
    {
        private readonly Role role;
        private readonly int[] firstUnit;
        private readonly int[][] overlapping;
        private readonly int[][] lastWrite;
        private readonly int[][] lastRead;

        public Units(Role role, StepSizes bounds)
        {
            this.role = role;
            firstUnit = new int[role.Buffers.Length];
            List<(Space Space, long Low, long High)> ranges = [];
            for (int b = 0; b < role.Buffers.Length; b++)
            {
                TapeBuffer buffer = role.Buffers[b];
                firstUnit[b] = buffer.Kind == BufferKind.Constant ? -1 : ranges.Count;
                if (buffer.Kind == BufferKind.Constant)
                    continue;
                long slot = buffer.SlotBytes(bounds);
                for (int s = 0; s < buffer.Slots; s++)
                    ranges.Add((buffer.Space, buffer.Address + s * slot, buffer.Address + (s + 1) * slot));
            }
            overlapping =
            [
                .. ranges.Select(a =>
                    Enumerable
                        .Range(0, ranges.Count)
                        .Where(i => ranges[i].Space == a.Space && ranges[i].Low < a.High && a.Low < ranges[i].High)
                        .ToArray()
                ),
            ];
            lastWrite = [.. ranges.Select(_ => Never())];
            lastRead = [.. ranges.Select(_ => Never())];
        }

        /// <summary>Earlier instances that must have completed, latest first.</summary>
        public IEnumerable<int> Hazards(InstructionInstance instance, int[] clock, int engine)
        {
            SortedSet<int> found = [];
            foreach (int unit in Touched(instance, instance.Instruction.Reads))
            {
                foreach (int other in overlapping[unit])
                    Add(found, lastWrite[other], clock, engine);
            }
            foreach (int unit in Touched(instance, instance.Instruction.Writes))
            {
                foreach (int other in overlapping[unit])
                {
                    Add(found, lastWrite[other], clock, engine);
                    Add(found, lastRead[other], clock, engine);
                }
            }
            return found.Reverse();
        }

        public void Record(InstructionInstance instance, int engine)
        {
            foreach (int unit in Touched(instance, instance.Instruction.Reads))
                lastRead[unit][engine] = instance.Index;
            foreach (int unit in Touched(instance, instance.Instruction.Writes))
                lastWrite[unit][engine] = instance.Index;
        }

        private static int[] Never() => [-1, -1, -1, -1, -1, -1, -1, -1];

        private static void Add(SortedSet<int> found, int[] last, int[] clock, int engine)
        {
            for (int e = 0; e < Engines; e++)
            {
                if (e != engine && last[e] > clock[e])
                    found.Add(last[e]);
            }
        }

        private IEnumerable<int> Touched(InstructionInstance instance, ImmutableArray<int> descriptors)
        {
            foreach (int d in descriptors)
            {
                int b = role.Descriptors[d].Buffer;
                if (firstUnit[b] < 0)
                    continue;
                TapeBuffer buffer = role.Buffers[b];
                yield return firstUnit[b] + (buffer.Slots > 1 ? instance.Loops[buffer.SlotLevel] % buffer.Slots : 0);
            }
        }
    }
}
