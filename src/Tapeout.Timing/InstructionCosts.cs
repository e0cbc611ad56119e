using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;
using Tapeout.Quantities;
using Barrier = Tapeout.Isa.Barrier;

namespace Tapeout.Timing;

/// <summary>
/// The cost of each instruction of one step from its shapes and the chip, nothing fitted. Every formula below is what the table of
/// instructions says the instruction occupies, with rates of the chip's file; assumptions beyond that are stated where they are made.
/// </summary>
internal sealed partial class InstructionCosts : IInstructionVisitor<InstructionCost>
{
    private readonly Tape _tape;
    private readonly Role _role;
    private readonly ChipDescription _chip;
    private readonly Step _step;
    private readonly long _issue;
    private ResolveContext _context;
    private int _tiles;

    public InstructionCosts(Tape tape, Role role, ChipDescription chip, Step step)
    {
        _tape = tape;
        _role = role;
        _chip = chip;
        _step = step;
        _issue = chip.IssueOverhead.Count;
    }

    public InstructionCost Of(in InstructionInstance instance)
    {
        Instruction instruction = instance.Instruction;
        _context = new(_step, 0, 0, instance.Loops, _tape.Origins[instruction.Origin].Layer(instance.Loops));
        _tiles = instruction.Tiles.Count;
        return instruction.Accept(this);
    }

    // Loops are unrolled by the sequencer and cost nothing; a hardware sequencer counts them beside the work.
    public InstructionCost Visit(Loop instruction) => default;

    public InstructionCost Visit(End instruction) => default;

    public InstructionCost Visit(Halt instruction) => default;

    public InstructionCost Visit(Barrier instruction) => On(Limiter.Issue, 0);

    public InstructionCost Visit(Launch instruction)
    {
        Duration gap = (instruction.Replay ? _chip.Execution.GraphReplayOverhead : _chip.Execution.LaunchOverhead) ?? Duration.Zero;
        return new(gap.ToCycles(_chip.Clock).Count, 0, 0, 0, 0, Limiter.Launches, Limiter.Launches);
    }

    public InstructionCost Visit(Copy instruction)
    {
        Shape source = Of(instruction.Source);
        Shape destination = Of(instruction.Destination);
        long perTile = Math.Max(source.Bytes, destination.Bytes);
        long all = instruction.Multicast ? perTile : perTile * _tiles;
        bool beside = source.Space == Space.Dram || destination.Space == Space.Dram;
        long cycles = Math.Max(SramCycles(perTile), beside ? _chip.Network.LinkRate.TimeFor(new(perTile)).Count : 0);
        Limiter cause = source.Kind == BufferKind.Constant ? Limiter.Weights : Limiter.Movement;
        return On(cause, cycles) with { MemoryBytes = beside ? all : 0, NetworkBytes = beside ? all : 0, MemoryCause = cause };
    }

    public InstructionCost Visit(Gather instruction)
    {
        Shape table = Of(instruction.Table);
        Shape destination = Of(instruction.Destination);
        long rowBytes = new TensorLayout(table.Format, 1, destination.Columns).Bytes;
        // Each row is an access of its own: a burst is the least that is moved.
        if (table.Space == Space.Dram && _chip.Memory.Count > 0)
            rowBytes = RoundUp(rowBytes, _chip.Memory[0].Granularity.Count);
        long bytes = rowBytes * destination.Rows;
        long cycles = SramCycles(bytes + destination.Bytes);
        return On(Limiter.Movement, cycles) with
        {
            MemoryBytes = table.Space == Space.Dram ? bytes * _tiles : 0,
            MemoryCause = Limiter.Movement,
        };
    }

    public InstructionCost Visit(KvAppend instruction)
    {
        Shape source = Of(instruction.Source);
        Shape cache = Of(instruction.Cache);
        long bytes = new TensorLayout(cache.Format, source.Rows, source.Columns).Bytes;
        long quantise = cache.Format.IsFloat ? 0 : _chip.Conversion.Quantise.TimeFor(source.Elements).Count;
        return On(Limiter.Kv, Math.Max(quantise, SramCycles(source.Bytes + bytes))) with
        {
            MemoryBytes = cache.Space == Space.Dram ? bytes * _tiles : 0,
            MemoryCause = Limiter.Kv,
        };
    }

    public InstructionCost Visit(PageCopy instruction)
    {
        Shape cache = Of(instruction.Cache);
        long bytes = 2 * cache.Bytes * _step.PageCopies.Length * _role.Buffers[_role.Descriptors[instruction.Cache].Buffer].Stack0;
        return On(Limiter.Kv, SramCycles(bytes)) with
        {
            MemoryBytes = cache.Space == Space.Dram ? bytes * _tiles : 0,
            MemoryCause = Limiter.Kv,
        };
    }

    public InstructionCost Visit(Install instruction)
    {
        Shape source = Of(instruction.Source);
        return On(Limiter.Weights, WeightCycles(source)) with
        {
            MemoryBytes = source.Space == Space.Dram ? source.Bytes * _tiles : 0,
            MemoryCause = Limiter.Weights,
        };
    }

    /// <summary>
    /// Passes = ⌈N / columns⌉ · ⌈K / rows⌉ of T rows each, at the rate of the format pair over all arrays; the weight path beside it if the
    /// array holds two sets of weights, before it if it holds one. Output-stationary arrays fetch weights again for each block of rows.
    /// </summary>
    public InstructionCost Visit(MatMul instruction)
    {
        Shape x = Of(instruction.X);
        Shape w = Of(instruction.W);
        if (x.Rows == 0 || w.Elements == 0)
            return On(Limiter.Issue, 0);
        MatrixDescription matrix = _chip.Matrix;
        long compute;
        if (matrix.MacsFor(w.Format.Element, x.Format.Element) is { } macs)
        {
            long padded = RoundUp(w.Rows, matrix.Columns) * RoundUp(w.Columns, matrix.Rows);
            compute = macs.TimeFor(padded * x.Rows).Count + matrix.PipelineFill.Count;
        }
        else
        {
            // Not multiplied natively: the vector unit expands the weights and does a fused multiply-add a term.
            compute = _chip.Conversion.Dequantise.TimeFor(w.Elements).Count + VectorCycles((long)x.Rows * w.Elements);
        }
        long install = w.Space == Space.Array ? 0 : WeightCycles(w);
        if (matrix.Dataflow == Dataflow.OutputStationary && _chip.Execution.BlockTile is { } block)
            install *= (x.Rows + block.M - 1) / block.M;
        long cycles = matrix.Slots > 1 ? Math.Max(compute, install) : compute + install;
        return On(install > compute ? Limiter.Weights : Limiter.Compute, cycles) with
        {
            MemoryBytes = w.Space == Space.Dram ? w.Bytes * (IsShared(instruction.W) ? 1 : _tiles) : 0,
            MemoryCause = Limiter.Weights,
        };
    }

    public InstructionCost Visit(Combine instruction) => Vector(Of(instruction.Destination).Elements * (instruction.Count - 1));

    public InstructionCost Visit(Finish instruction) => Vector(2 * Of(instruction.Destination).Elements);

    public InstructionCost Visit(AbsMax instruction) => Vector(Of(instruction.Source).Elements);

    public InstructionCost Visit(Quantise instruction)
    {
        long elements = Of(instruction.Source).Elements;
        long maximum = instruction.AbsoluteMaximum < 0 ? VectorCycles(elements) : 0;
        return On(Limiter.Vector, maximum + _chip.Conversion.Quantise.TimeFor(elements).Count);
    }

    public InstructionCost Visit(Dequantise instruction) =>
        On(Limiter.Vector, _chip.Conversion.Dequantise.TimeFor(Of(instruction.Source).Elements).Count);

    public InstructionCost Visit(Unary instruction)
    {
        long elements = Of(instruction.Source).Elements;
        return instruction.Function switch
        {
            UnaryFunction.Relu or UnaryFunction.Scale => Vector(elements),
            // Sigmoid, tanh and erf are an exponential and a reciprocal.
            _ => Vector(2 * elements, 2 * elements),
        };
    }

    public InstructionCost Visit(Binary instruction)
    {
        long elements = Of(instruction.Destination).Elements;
        return instruction.Function switch
        {
            BinaryFunction.Add or BinaryFunction.Multiply or BinaryFunction.ReluMultiply => Vector(elements),
            _ => Vector(3 * elements, 2 * elements),
        };
    }

    public InstructionCost Visit(NormSum instruction) => Vector(Of(instruction.Source).Elements);

    public InstructionCost Visit(Norm instruction)
    {
        Shape source = Of(instruction.Source);
        return Vector(2 * source.Elements, source.Rows);
    }

    public InstructionCost Visit(Rotate instruction)
    {
        Shape source = Of(instruction.Source);
        // One sine and one cosine a pair and token; heads share them.
        return Vector(3 * source.Elements, (long)source.Rows * instruction.RotaryDimensions);
    }

    public InstructionCost Visit(Softmax instruction)
    {
        long elements = Of(instruction.Source).Elements;
        return Vector(3 * elements, elements);
    }

    public InstructionCost Visit(TopK instruction) => Vector(Of(instruction.Source).Elements);

    public InstructionCost Visit(Sample instruction)
    {
        long elements = Of(instruction.Values).Elements;
        return Vector(3 * elements, elements);
    }

    public InstructionCost Visit(Route instruction)
    {
        Shape logits = Of(instruction.Logits);
        if (_context.Layer >= 0 && !_step.Counts.Layers.Contains(_context.Layer))
            SpreadEvenly(logits, instruction.Count);
        return Vector(logits.Elements * (instruction.Count + 1), logits.Elements);
    }

    public InstructionCost Visit(Permute instruction)
    {
        Shape destination = Of(instruction.Destination);
        return On(Limiter.Movement, SramCycles(2 * destination.Bytes));
    }

    public InstructionCost Visit(Mix instruction) => Vector(2 * Of(instruction.Destination).Elements * instruction.Count);

    /// <summary>Two products a visible position, head and dimension, one exponential a visible position and head; each page is read once a step.</summary>
    public InstructionCost Visit(Attend instruction)
    {
        Shape query = Of(instruction.Query);
        Shape keys = Of(instruction.Keys);
        long heads = query.Columns / Math.Max(1, instruction.HeadDimension);
        if (heads == 0 || query.Rows == 0)
            return On(Limiter.Issue, 0);
        long visible = 0;
        long held = 0;
        foreach (SequenceRow row in _step.Sequences)
        {
            for (int t = 0; t < row.NewTokens; t++)
            {
                long seen = row.Context + t + 1;
                visible += instruction.Window > 0 ? Math.Min(seen, instruction.Window) : seen;
            }
            long positions = row.Context + row.NewTokens;
            held += instruction.Window > 0 ? Math.Min(positions, (long)instruction.Window + row.NewTokens - 1) : positions;
        }
        long keyHeads = keys.Rows / Envelope.PageSize;
        long bytes = 2 * held * keyHeads * new TensorLayout(keys.Format, 1, instruction.HeadDimension).Bytes;
        long macs = 2 * visible * heads * instruction.HeadDimension;
        long compute;
        long read;
        if (_chip.Attention is { } unit)
        {
            compute = Math.Max(unit.Macs.TimeFor(macs).Count, unit.Exponentials.TimeFor(visible * heads).Count);
            read = unit.KvRate.TimeFor(new(bytes)).Count;
        }
        else
        {
            PerCycle? rate =
                _chip.Matrix.MacsFor(ElementType.F16, ElementType.F16) ?? _chip.Matrix.MacsFor(ElementType.F32, ElementType.F32);
            long products = rate is { } native ? native.TimeFor(macs).Count : VectorCycles(macs);
            compute = products + VectorCycles(3 * visible * heads) + SpecialCycles(visible * heads);
            read = SramCycles(bytes);
        }
        Axis rows = _role.Descriptors[instruction.Keys].Rows;
        long allHeads = Math.Max(
            keyHeads,
            (rows.RankStep > 0 ? Math.Min(rows.RankStep, rows.Total.Evaluate(_step.Sizes)) : rows.Total.Evaluate(_step.Sizes))
                / Envelope.PageSize
        );
        // Query heads of one KV head may lie on several tiles; the memory beside the die delivers each byte once.
        long fromMemory = bytes / Math.Max(1, keyHeads) * Math.Min(allHeads, keyHeads * _tiles);
        return On(read > compute ? Limiter.Kv : Limiter.Compute, Math.Max(compute, read)) with
        {
            MemoryBytes = keys.Space == Space.Dram ? fromMemory : 0,
            MemoryCause = Limiter.Kv,
        };
    }

    public InstructionCost Visit(Merge instruction)
    {
        long elements = Of(instruction.Destination).Elements;
        return Vector(3 * elements * Math.Max(1, instruction.Count - 1), 2 * elements / Math.Max(1, instruction.HeadDimension));
    }

    public InstructionCost Visit(HostOut instruction) => Host(Of(instruction.Source).Bytes * _tiles);

    public InstructionCost Visit(HostIn instruction) => Host(Of(instruction.Destination).Bytes);

    private void SpreadEvenly(Shape logits, int slots)
    {
        // The whole router row lies on every tile that routes.
        int experts = Math.Max(1, logits.Columns);
        int pairs = logits.Rows * slots;
        int[] counts = new int[experts];
        for (int e = 0; e < experts; e++)
            counts[e] = pairs / experts + (e < pairs % experts ? 1 : 0);
        _step.Counts.Set(_context.Layer, counts);
    }

    private InstructionCost Host(long bytes)
    {
        long cycles = CyclesAt(bytes, _chip.Host.Bandwidth.Count);
        return On(Limiter.Host, cycles) with { Latency = _chip.Host.Latency.ToCycles(_chip.Clock).Count };
    }

    private InstructionCost Vector(long operations, long special = 0) =>
        On(Limiter.Vector, VectorCycles(operations) + SpecialCycles(special));

    private InstructionCost On(Limiter cause, long cycles) =>
        new(_issue + cycles, 0, 0, 0, 0, cycles > _issue ? cause : Limiter.Issue, cause);

    private long VectorCycles(long operations) => _chip.Vector.Operations.TimeFor(operations).Count;

    private long SpecialCycles(long operations) => _chip.Vector.SpecialOperations.TimeFor(operations).Count;

    private long SramCycles(long bytes) => _chip.Sram.PeakBytesPerCycle.TimeFor(new(bytes)).Count;

    // Weights enter the arrays no faster than the install path, whatever the SRAM could deliver; metal has its own rate.
    private long WeightCycles(Shape weights) =>
        weights.Space == Space.Rom && _chip.Rom is { } rom
            ? rom.ReadRate.TimeFor(new(weights.Bytes)).Count
            : Math.Max(
                _chip.Matrix.InstallRate.TimeFor(new(weights.Bytes)).Count,
                weights.Space == Space.Sram ? SramCycles(weights.Bytes) : 0
            );

    private long CyclesAt(long bytes, long bytesPerSecond) =>
        (long)((bytes * (Int128)_chip.Clock.Count + bytesPerSecond - 1) / bytesPerSecond);

    private static long RoundUp(long value, long step) => (value + step - 1) / step * step;

    private bool IsShared(int descriptor)
    {
        Descriptor d = _role.Descriptors[descriptor];
        return d.Rows.TileStep == 0 && d.Columns.TileStep == 0;
    }

    private Shape Of(int descriptor)
    {
        Descriptor d = _role.Descriptors[descriptor];
        TapeBuffer buffer = _role.Buffers[d.Buffer];
        return new(buffer.Format, buffer.Space, buffer.Kind, d.Rows.Resolve(_context).Count, d.Columns.Resolve(_context).Count);
    }

    /// <summary>One tile's part of an operand.</summary>
    private readonly record struct Shape(NumberFormat Format, Space Space, BufferKind Kind, int Rows, int Columns)
    {
        public long Elements => (long)Rows * Columns;

        public long Bytes => Elements == 0 ? 0 : new TensorLayout(Format, Rows, Columns).Bytes;
    }
}
