using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;
using Tapeout.Quantities;
using Barrier = Tapeout.Isa.Barrier;

namespace Tapeout.Timing;

/// <summary>
/// The cost of each instruction of one step from its shapes and the chip. Every formula below is what the table of instructions says the
/// instruction occupies, with rates of the chip's file; assumptions beyond that are stated where they are made. Nothing here is fitted:
/// what kernels of a software stack reach stands in <see cref="LibraryKernels"/>.
/// </summary>
internal sealed partial class InstructionCosts : IInstructionVisitor<InstructionCost>
{
    private readonly Tape _tape;
    private readonly Role _role;
    private readonly ChipDescription _chip;
    private readonly Step _step;
    private readonly TimingOptions _options;
    private readonly LibraryKernels? _kernels;
    private readonly InstructionTraits[] _traits;
    private readonly WorkCounter _work;
    private readonly Dictionary<(int Counter, int First, int Second, int Third, int Tokens), InstructionCost> _known = [];
    private readonly long _issue;
    private readonly bool _dynamic;
    private ResolveContext _context;
    private InstructionTraits _trait = null!;
    private int _tiles;
    private long _memoryBytes;

    public InstructionCosts(Tape tape, Role role, ChipDescription chip, Step step, TimingOptions options)
    {
        _tape = tape;
        _role = role;
        _chip = chip;
        _step = step;
        _options = options;
        _issue = chip.IssueOverhead.Count;
        _dynamic = chip.Execution.Style == ExecutionStyle.Dynamic;
        _kernels = options.LibraryOn(chip) is { } library ? new(chip, library) : null;
        _traits = InstructionTraits.Of(role, _dynamic ? options.Software : null);
        _work = new(tape, role, chip, step, options.Software, options.Rank);
    }

    /// <summary>The traits of the role's instructions.</summary>
    public IReadOnlyList<InstructionTraits> Traits => _traits;

    /// <summary>
    /// The cost of one execution. Shapes depend on loops only where a range is divided by one, so that iterations of the same shape are
    /// costed once: layers cost nothing extra.
    /// </summary>
    public InstructionCost Of(in InstructionInstance instance)
    {
        InstructionTraits trait = _traits[instance.ProgramCounter];
        LoopIndices loops = instance.Loops;
        var key = (
            instance.ProgramCounter,
            trait.DependsOn(0) ? loops.Level0 : -1,
            trait.DependsOn(1) ? loops.Level1 : -1,
            trait.DependsOn(2) ? loops.Level2
            : trait.DependsOn(3) ? loops.Level3 + (1 << 24)
            : -1,
            trait.DependsOnExperts ? _work.ExpertTokens(instance) : -1
        );
        bool keyed = !(trait.DependsOn(2) && trait.DependsOn(3));
        if (keyed && _known.TryGetValue(key, out InstructionCost known))
            return known;
        Instruction instruction = instance.Instruction;
        _context = new(_step, _options.Rank, 0, loops, _tape.Origins[instruction.Origin].Layer(loops));
        _tiles = instruction.Tiles.Count;
        _trait = trait;
        _memoryBytes = instruction is Loop or End or Launch or Barrier or Halt ? 0 : _work.MemoryBytes(instance);
        InstructionCost cost = Completed(instance, instruction.Accept(this)) with { MemoryBytes = _memoryBytes };
        if (keyed)
            _known[key] = cost;
        return cost;
    }

    // Loops are unrolled by the sequencer and cost nothing; a hardware sequencer counts them beside the work.
    public InstructionCost Visit(Loop instruction) => default;

    public InstructionCost Visit(End instruction) => default;

    public InstructionCost Visit(Halt instruction) => default;

    public InstructionCost Visit(Barrier instruction) => On(Limiter.Issue, 0);

    /// <summary>
    /// The gap before a kernel. Kernels of one loop over experts are one grouped kernel: its first iteration is launched; kernels that the
    /// software fuses have the gap of the first of them.
    /// </summary>
    public InstructionCost Visit(Launch instruction)
    {
        if (_trait.Joins(_context.Loops))
            return default;
        Duration gap = _kernels is { } kernels
            ? _trait.IsElementwise
                ? kernels.Library.ElementwiseGap
                : kernels.Library.LaunchGap
            : (instruction.Replay ? _chip.Execution.GraphReplayOverhead : _chip.Execution.LaunchOverhead) ?? Duration.Zero;
        if (_options.Software is { } software && !(instruction.Replay && software.GraphReplay))
            gap += software.KernelGap;
        return new() { Work = gap.ToCycles(_chip.Clock).Count, Cause = Limiter.Launches };
    }

    public InstructionCost Visit(Copy instruction)
    {
        Shape source = Of(instruction.Source);
        Shape destination = Of(instruction.Destination);
        long perTile = Math.Max(source.Bytes, destination.Bytes);
        bool beside = source.Space == Space.Dram || destination.Space == Space.Dram;
        Limiter cause = source.Kind == BufferKind.Constant ? Limiter.Weights : Limiter.Movement;
        InstructionCost cost = On(cause, SramCycles(perTile));
        if (!beside || _dynamic)
            return cost;
        return cost with
        {
            NetworkBytes = _memoryBytes,
            NetworkCycles = _chip.Network.LinkRate.TimeFor(new(perTile)).Count,
            MemoryCause = cause,
        };
    }

    public InstructionCost Visit(Gather instruction)
    {
        Shape table = Of(instruction.Table);
        Shape destination = Of(instruction.Destination);
        long rowBytes = new TensorLayout(table.Format, 1, destination.Columns).Bytes;
        // Each row is an access of its own: a burst is the least that is moved.
        if (table.Space == Space.Dram)
            rowBytes = Bursts(rowBytes);
        return On(Limiter.Movement, SramCycles(rowBytes * destination.Rows + destination.Bytes));
    }

    public InstructionCost Visit(KvAppend instruction)
    {
        Shape source = Of(instruction.Source);
        Shape cache = Of(instruction.Cache);
        long bytes = new TensorLayout(cache.Format, source.Rows, source.Columns).Bytes;
        long quantise = cache.Format.IsFloat ? 0 : _chip.Conversion.Quantise.TimeFor(source.Elements).Count;
        return On(Limiter.Kv, Math.Max(quantise, SramCycles(source.Bytes + bytes))) with
        {
            SramCycles = cache.Space == Space.Sram ? SramCycles(bytes) : 0,
        };
    }

    public InstructionCost Visit(PageCopy instruction)
    {
        Shape cache = Of(instruction.Cache);
        long bytes = 2 * cache.Bytes * _step.PageCopies.Length * _role.Buffers[_role.Descriptors[instruction.Cache].Buffer].Stack0;
        return On(Limiter.Kv, SramCycles(bytes));
    }

    public InstructionCost Visit(Install instruction) => On(Limiter.Weights, WeightCycles(Of(instruction.Source)));

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
        if (_kernels is { } kernels)
            return Kernel(Together(kernels, instruction));
        MatrixDescription matrix = _chip.Matrix;
        long compute;
        long fill = 0;
        if (Multiplication.Of(_chip, null, w.Format, x.Format).Rate is { } macs)
        {
            long padded = RoundUp(w.Rows, matrix.Columns) * RoundUp(w.Columns, matrix.Rows);
            compute = macs.TimeFor(padded * x.Rows).Count;
            fill = matrix.PipelineFill.Count;
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
        return On(install > compute ? Limiter.Weights : Limiter.Compute, cycles) with { Fill = fill, MemoryCause = Limiter.Weights };
    }

    /// <summary>
    /// A product's kernel, or its share of one that multiplies the same activations by several matrices, as one matrix of all their columns: by
    /// columns, and no longer than by itself.
    /// </summary>
    private KernelTime Together(LibraryKernels kernels, MatMul product)
    {
        Shape x = ChipShape(product.X);
        Shape w = ChipShape(product.W);
        KernelTime alone = kernels.Product(x, w, _memoryBytes, _trait);
        long columns = 0;
        long bytes = 0;
        foreach (int member in _trait.Together)
        {
            if (_role.Instructions[member] is not MatMul other)
                return alone;
            Shape matrix = ChipShape(other.W);
            if (matrix.Format != w.Format)
                return alone;
            columns += matrix.Rows;
            bytes += matrix.Bytes;
        }
        if (columns <= w.Rows || columns > int.MaxValue)
            return alone;
        KernelTime whole = kernels.Product(x, w with { Rows = (int)columns }, bytes, _trait);
        long Share(long cycles, long most) => Math.Min(most, (long)Divide128((Int128)cycles * w.Rows, columns));
        return alone with
        {
            Fill = Share(whole.Fill, alone.Fill),
            Work = Share(whole.Work, alone.Work),
            SharedCycles = Share(whole.SharedCycles, alone.SharedCycles),
        };
    }

    private static Int128 Divide128(Int128 value, long by) => (value + by - 1) / by;

    public InstructionCost Visit(Combine instruction) => Vector(Of(instruction.Destination).Elements * (instruction.Count - 1));

    public InstructionCost Visit(Finish instruction) => Vector(2 * Of(instruction.Destination).Elements);

    public InstructionCost Visit(AbsMax instruction) => Vector(Of(instruction.Source).Elements);

    public InstructionCost Visit(Quantise instruction)
    {
        long elements = Of(instruction.Source).Elements;
        long maximum = instruction.AbsoluteMaximum < 0 ? VectorCycles(elements) : 0;
        long work = maximum + _chip.Conversion.Quantise.TimeFor(elements).Count;
        // A library's kernel that finds each row's scale itself gives a row to a thread block, which reads, reduces and reads again.
        int group = Of(instruction.Destination).Format.GroupSize;
        if (_kernels is { } kernels && instruction.AbsoluteMaximum < 0)
            work = Math.Max(
                work,
                group == 0 ? kernels.Rows(Of(instruction.Source).Rows)
                    : _trait.IsSortedByExpert ? kernels.SortedGroups(Divide(elements, group))
                    : 0
            );
        return On(Limiter.Vector, work);
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
        return Vector(logits.Elements * (instruction.Count + 1), logits.Elements);
    }

    public InstructionCost Visit(Permute instruction) => On(Limiter.Movement, SramCycles(2 * Of(instruction.Destination).Bytes));

    public InstructionCost Visit(Mix instruction) => Vector(2 * Of(instruction.Destination).Elements * instruction.Count);

    public InstructionCost Visit(Merge instruction)
    {
        long elements = Of(instruction.Destination).Elements;
        return Vector(3 * elements * Math.Max(1, instruction.Count - 1), 2 * elements / Math.Max(1, instruction.HeadDimension));
    }

    public InstructionCost Visit(HostOut instruction) => Host(Of(instruction.Source).Bytes * _tiles);

    public InstructionCost Visit(HostIn instruction) => Host(Of(instruction.Destination).Bytes);

    private InstructionCost Host(long bytes) =>
        On(Limiter.Host, 0) with
        {
            HostCycles = CyclesAt(bytes, _chip.Host.Bandwidth.Count),
            Latency = _chip.Host.Latency.ToCycles(_chip.Clock).Count,
        };

    private InstructionCost Vector(long operations, long special = 0) =>
        On(Limiter.Vector, VectorCycles(operations) + SpecialCycles(special));

    private InstructionCost On(Limiter cause, long cycles) =>
        new()
        {
            Issue = _issue,
            Work = cycles,
            Cause = cause,
            MemoryCause = cause,
        };

    private InstructionCost Kernel(KernelTime kernel) =>
        new()
        {
            Issue = _issue,
            Fill = kernel.Fill,
            Work = kernel.Work,
            NetworkCycles = kernel.SharedCycles,
            Streams = kernel.Streams,
            Cause = kernel.Cause,
            MemoryCause = kernel.MemoryCause,
        };

    private long VectorCycles(long operations) => _chip.Vector.Operations.TimeFor(operations).Count;

    private long SpecialCycles(long operations) => _chip.Vector.SpecialOperations.TimeFor(operations).Count;

    private long SramCycles(long bytes) => _chip.Sram.PeakBytesPerCycle.TimeFor(new(bytes)).Count;

    // Weights enter the arrays no faster than the install path, whatever the SRAM could deliver; metal has its own rate.
    private long WeightCycles(Shape weights) =>
        weights.Space == Space.Rom && _chip.Rom is { } rom
            ? rom.ReadRate.TimeFor(new(weights.Bytes)).Count
            : _chip.Matrix.InstallRate.TimeFor(new(weights.Bytes)).Count;

    private long CyclesAt(long bytes, long bytesPerSecond) =>
        (long)((bytes * (Int128)_chip.Clock.Count + bytesPerSecond - 1) / bytesPerSecond);

    private long Bursts(long bytes) => _chip.Memory.Count == 0 ? bytes : RoundUp(bytes, _chip.Memory[0].Granularity.Count);

    private static long RoundUp(long value, long step) => (value + step - 1) / step * step;

    private bool IsShared(int descriptor)
    {
        Descriptor d = _role.Descriptors[descriptor];
        return d.Rows.TileStep == 0 && d.Columns.TileStep == 0;
    }

    /// <summary>One tile's part of an operand.</summary>
    private Shape Of(int descriptor)
    {
        Descriptor d = _role.Descriptors[descriptor];
        TapeBuffer buffer = _role.Buffers[d.Buffer];
        return new(buffer.Format, buffer.Space, buffer.Kind, d.Rows.Resolve(_context).Count, d.Columns.Resolve(_context).Count);
    }

    /// <summary>All tiles' part of an operand: what one rank holds.</summary>
    private Shape ChipShape(int descriptor)
    {
        Descriptor d = _role.Descriptors[descriptor];
        TapeBuffer buffer = _role.Buffers[d.Buffer];
        return new(
            buffer.Format,
            buffer.Space,
            buffer.Kind,
            (d.Rows with { TileStep = 0 }).Resolve(_context).Count,
            (d.Columns with { TileStep = 0 }).Resolve(_context).Count
        );
    }

    /// <summary>A matrix of a format in a space.</summary>
    internal readonly record struct Shape(NumberFormat Format, Space Space, BufferKind Kind, int Rows, int Columns)
    {
        public long Elements => (long)Rows * Columns;

        public long Bytes => Elements == 0 ? 0 : new TensorLayout(Format, Rows, Columns).Bytes;
    }
}
