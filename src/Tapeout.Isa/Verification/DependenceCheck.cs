namespace Tapeout.Isa;

/// <summary>
/// Unrolls the stream, keeps for every instance what must have completed before it (vector clocks over in-order engines, tokens as in
/// <see cref="Sequencer.Predecessors"/>), and proves that every pair of accesses to the same bytes of which one writes is ordered, and
/// that what is read has been written and not been overwritten by another buffer in the same memory. Grain: a slot of a buffer.
/// </summary>
internal sealed class DependenceCheck
{
    private const int Engines = 8;
    private const long MostPairs = 4_000_000;

    private readonly Tape tape;
    private readonly Role role;
    private readonly ProblemList problems;
    private readonly int[] firstUnit;
    private readonly int[][] overlaps;
    private readonly InstructionInstance?[][] lastRead;
    private readonly InstructionInstance?[][] lastWrite;
    private readonly bool[] isWritten;
    private readonly HashSet<int> routedLayers = [];

    private DependenceCheck(Tape tape, Role role, ProblemList problems, int[] firstUnit, int[][] overlaps)
    {
        this.tape = tape;
        this.role = role;
        this.problems = problems;
        this.firstUnit = firstUnit;
        this.overlaps = overlaps;
        lastRead = [.. overlaps.Select(_ => new InstructionInstance?[Engines])];
        lastWrite = [.. overlaps.Select(_ => new InstructionInstance?[Engines])];
        isWritten = new bool[overlaps.Length];
    }

    public static void Check(Tape tape, Role role, LoopStructure loops, ProblemList problems)
    {
        int[] firstUnit = new int[role.Buffers.Length];
        if (Overlaps(role, tape.Envelope.Bounds, firstUnit) is not { } overlaps)
        {
            problems.Add("order", role.Name, -1, $"more than {MostPairs} pairs of buffers share memory, too many to prove their order");
            return;
        }
        foreach (StepSizes sizes in (StepSizes[])[tape.Envelope.Bounds, new(1, 1, 1)])
            new DependenceCheck(tape, role, problems, firstUnit, overlaps).Run(sizes, TokenCheck.Limit(role, loops, sizes));
    }

    /// <summary>For each unit (slot of a buffer) the units that share bytes with it, itself first.</summary>
    private static int[][]? Overlaps(Role role, StepSizes bounds, int[] firstUnit)
    {
        List<(Space Space, long Start, long End, int Unit)> units = [];
        for (int b = 0; b < role.Buffers.Length; b++)
        {
            TapeBuffer buffer = role.Buffers[b];
            firstUnit[b] = units.Count;
            long bytes = buffer.SlotBytes(bounds);
            for (int slot = 0; slot < buffer.Slots; slot++)
                units.Add((buffer.Space, buffer.Address + slot * bytes, buffer.Address + (slot + 1) * bytes, units.Count));
        }
        List<int>[] overlaps = [.. units.Select(u => new List<int> { u.Unit })];
        long pairs = 0;
        foreach (IGrouping<Space, (Space Space, long Start, long End, int Unit)> space in units.GroupBy(u => u.Space))
        {
            (Space Space, long Start, long End, int Unit)[] sorted = [.. space.OrderBy(u => u.Start)];
            for (int i = 0; i < sorted.Length; i++)
            {
                for (int j = i + 1; j < sorted.Length && sorted[j].Start < sorted[i].End; j++)
                {
                    if (++pairs > MostPairs)
                        return null;
                    overlaps[sorted[i].Unit].Add(sorted[j].Unit);
                    overlaps[sorted[j].Unit].Add(sorted[i].Unit);
                }
            }
        }
        return [.. overlaps.Select(o => o.ToArray())];
    }

    private void Run(StepSizes sizes, int limit)
    {
        List<InstructionInstance> instances = [.. Sequencer.Unroll(role, sizes, limit)];
        int[][] predecessors = Sequencer.Predecessors(role, instances);
        int[][] clocks = new int[instances.Count][];
        foreach (InstructionInstance instance in instances)
        {
            int[] clock = new int[Engines];
            Array.Fill(clock, -1);
            foreach (int before in predecessors[instance.Index])
            {
                for (int e = 0; e < Engines; e++)
                    clock[e] = Math.Max(clock[e], clocks[before][e]);
                int engine = (int)instances[before].Instruction.Engine;
                clock[engine] = Math.Max(clock[engine], before);
            }
            clocks[instance.Index] = clock;
            Accesses(instance, clock);
        }
    }

    private void Accesses(InstructionInstance instance, int[] clock)
    {
        Instruction instruction = instance.Instruction;
        int started = StartedDestination(instance);
        foreach (int d in instruction.Reads)
        {
            int unit = Unit(d, instance);
            foreach (int other in overlaps[unit])
                Ordered(lastWrite[other], instance, clock, d, "is not ordered behind the write by");
            if (d != started)
                RequireWritten(unit, d, instance);
        }
        foreach (int d in instruction.Writes)
        {
            foreach (int other in overlaps[Unit(d, instance)])
            {
                Ordered(lastWrite[other], instance, clock, d, "is not ordered behind the write by");
                Ordered(lastRead[other], instance, clock, d, "is not ordered behind the read by");
            }
        }
        if (instruction is Route)
            routedLayers.Add(tape.Origins[instruction.Origin].Layer(instance.Loops));
        foreach (int d in instruction.Reads)
            lastRead[Unit(d, instance)][(int)instruction.Engine] = instance;
        foreach (int d in instruction.Writes)
        {
            int unit = Unit(d, instance);
            lastWrite[unit][(int)instruction.Engine] = instance;
            foreach (int other in overlaps[unit])
                isWritten[other] = other == unit;
        }
    }

    /// <summary>The descriptor of a sum that is started afresh, so that it is not read; −1 for none.</summary>
    private static int StartedDestination(InstructionInstance instance)
    {
        if (instance.Instruction is not MatMul product || product.Accumulate == AccumulateMode.Continue)
            return -1;
        if (product.Accumulate == AccumulateMode.ContinueAfterFirst)
        {
            for (int level = 0; level < LoopIndices.Levels; level++)
            {
                if ((product.FirstLevels >> level & 1) != 0 && instance.Loops[level] != 0)
                    return -1;
            }
        }
        return product.Y;
    }

    private int Unit(int descriptor, InstructionInstance instance)
    {
        int b = role.Descriptors[descriptor].Buffer;
        TapeBuffer buffer = role.Buffers[b];
        return firstUnit[b] + (buffer.Slots > 1 ? instance.Loops[buffer.SlotLevel] % buffer.Slots : 0);
    }

    private void RequireWritten(int unit, int descriptor, InstructionInstance instance)
    {
        Descriptor d = role.Descriptors[descriptor];
        TapeBuffer buffer = role.Buffers[d.Buffer];
        string name = instance.Instruction.Definition.Mnemonic;
        if (buffer.Kind is BufferKind.Activation or BufferKind.Staging && !isWritten[unit])
        {
            problems.Add(
                "unwritten",
                role.Name,
                instance.ProgramCounter,
                $"{name} reads buffer '{buffer.Name}' at loop indices {Show(instance.Loops)}, but nothing has written it before, or another buffer has taken its memory since"
            );
        }
        if (d.Rows.Kind != AxisKind.Plain && !routedLayers.Contains(tape.Origins[instance.Instruction.Origin].Layer(instance.Loops)))
            problems.Add(
                "unwritten",
                role.Name,
                instance.ProgramCounter,
                $"{name} depends on the tokens of an expert before a ROUTE of its layer"
            );
    }

    private void Ordered(InstructionInstance?[] last, InstructionInstance instance, int[] clock, int descriptor, string relation)
    {
        for (int e = 0; e < Engines; e++)
        {
            if (e == (int)instance.Instruction.Engine || last[e] is not { } earlier || clock[e] >= earlier.Index)
                continue;
            problems.Add(
                "order",
                role.Name,
                instance.ProgramCounter,
                $"{instance.Instruction.Definition.Mnemonic} at loop indices {Show(instance.Loops)} touches '{role.Buffers[role.Descriptors[descriptor].Buffer].Name}' and {relation} instruction {earlier.ProgramCounter} ({earlier.Instruction.Definition.Mnemonic}) at {Show(earlier.Loops)} on engine {(Engine)e}: let it wait for a token"
            );
        }
    }

    private static string Show(LoopIndices loops) => $"({loops.Level0}, {loops.Level1}, {loops.Level2}, {loops.Level3})";
}
