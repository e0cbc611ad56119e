using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;
using Barrier = Tapeout.Isa.Barrier;
using CollectiveAlgorithm = Tapeout.Isa.CollectiveAlgorithm;

namespace Tapeout.Timing;

internal sealed partial class WorkCounter
{
    public bool Visit(Loop instruction) => true;

    public bool Visit(End instruction) => true;

    public bool Visit(Halt instruction) => true;

    public bool Visit(Barrier instruction) => true;

    public bool Visit(Launch instruction) => true;

    public bool Visit(Receive instruction) => true;

    public bool Visit(Copy instruction) => Read(instruction.Source, instruction.Multicast) & Write(instruction.Destination);

    public bool Visit(Gather instruction)
    {
        Write(instruction.Destination);
        Shape table = Of(instruction.Table);
        Shape destination = Of(instruction.Destination);
        if (table.Buffer.Kind == BufferKind.Activation)
            return Bytes(instruction.Table, destination.Rows * new TensorLayout(table.Format, 1, destination.Columns).Bytes, false, false);
        Int128 row = new TensorLayout(table.Format, 1, destination.Columns).Bytes;
        Bytes(instruction.Table, destination.Rows * (table.Space == Space.Dram ? Bursts(row) : row), false, false);
        return Operations(WorkKind.Dequantise, table.Format.IsFloat ? 0 : destination.Elements);
    }

    public bool Visit(KvAppend instruction)
    {
        Read(instruction.Source);
        Shape source = Of(instruction.Source);
        Shape cache = Of(instruction.Cache);
        Operations(WorkKind.Quantise, cache.Format.IsFloat ? 0 : source.Elements);
        return Bytes(
            instruction.Cache,
            source.Elements == 0 ? 0 : new TensorLayout(cache.Format, source.Rows, source.Columns).Bytes,
            true,
            false
        );
    }

    public bool Visit(PageCopy instruction)
    {
        Shape cache = Of(instruction.Cache);
        Int128 bytes = (Int128)cache.Bytes * _step.PageCopies.Length * cache.Buffer.Stack0;
        Bytes(instruction.Cache, bytes, false, false);
        return Bytes(instruction.Cache, bytes, true, false);
    }

    public bool Visit(Install instruction)
    {
        Read(instruction.Source);
        return Install(Of(instruction.Source).Bytes);
    }

    public bool Visit(MatMul instruction)
    {
        Shape x = Of(instruction.X);
        Shape w = Of(instruction.W);
        if (x.Rows == 0 || w.Elements == 0)
            return true;
        Products(instruction, x, w);
        if (_dynamic)
            return Blocked(instruction, x, w);
        Read(instruction.X);
        Read(instruction.W, IsShared(instruction.W));
        Write(instruction.Y);
        return w.Space == Space.Array || Install(w.Bytes);
    }

    public bool Visit(Combine instruction) => Elementwise(instruction, Of(instruction.Destination).Elements * (instruction.Count - 1));

    public bool Visit(Finish instruction)
    {
        Read(instruction.Accumulator);
        Write(instruction.Destination);
        // Of the weights and activations only their scales are read.
        Bytes(instruction.W, 4L * Of(instruction.W).Rows, false, false);
        Bytes(instruction.X, 4L * Of(instruction.X).Rows, false, false);
        return Operations(WorkKind.Vector, 2 * Of(instruction.Destination).Elements);
    }

    public bool Visit(AbsMax instruction) => Elementwise(instruction, Of(instruction.Source).Elements);

    public bool Visit(Quantise instruction)
    {
        long elements = Of(instruction.Source).Elements;
        Operations(WorkKind.Quantise, elements);
        return Elementwise(instruction, instruction.AbsoluteMaximum < 0 ? elements : 0);
    }

    public bool Visit(Dequantise instruction)
    {
        Operations(WorkKind.Dequantise, Of(instruction.Source).Elements);
        return Elementwise(instruction, 0);
    }

    public bool Visit(Unary instruction)
    {
        long elements = Of(instruction.Source).Elements;
        bool plain = instruction.Function is UnaryFunction.Relu or UnaryFunction.Scale;
        return Elementwise(instruction, plain ? elements : 2 * elements, plain ? 0 : 2 * elements);
    }

    public bool Visit(Binary instruction)
    {
        long elements = Of(instruction.Destination).Elements;
        bool plain = instruction.Function is BinaryFunction.Add or BinaryFunction.Multiply or BinaryFunction.ReluMultiply;
        return Elementwise(instruction, plain ? elements : 3 * elements, plain ? 0 : 2 * elements);
    }

    public bool Visit(NormSum instruction) => Elementwise(instruction, Of(instruction.Source).Elements);

    public bool Visit(Norm instruction) => Elementwise(instruction, 2 * Of(instruction.Source).Elements, Of(instruction.Source).Rows);

    public bool Visit(Rotate instruction) =>
        Elementwise(instruction, 3 * Of(instruction.Source).Elements, (long)Of(instruction.Source).Rows * instruction.RotaryDimensions);

    public bool Visit(Softmax instruction) =>
        Elementwise(instruction, 3 * Of(instruction.Source).Elements, Of(instruction.Source).Elements);

    public bool Visit(TopK instruction) => Elementwise(instruction, Of(instruction.Source).Elements);

    public bool Visit(Sample instruction) => Elementwise(instruction, 3 * Of(instruction.Values).Elements, Of(instruction.Values).Elements);

    public bool Visit(Route instruction) =>
        Elementwise(instruction, Of(instruction.Logits).Elements * (instruction.Count + 1), Of(instruction.Logits).Elements);

    public bool Visit(Permute instruction) => Elementwise(instruction, 0);

    public bool Visit(Mix instruction) => Elementwise(instruction, 2 * Of(instruction.Destination).Elements * instruction.Count);

    public bool Visit(Merge instruction)
    {
        long elements = Of(instruction.Destination).Elements;
        return Elementwise(
            instruction,
            3 * elements * Math.Max(1, instruction.Count - 1),
            2 * elements / Math.Max(1, instruction.HeadDimension)
        );
    }

    public bool Visit(HostOut instruction) => Read(instruction.Source) & Carried(MemoryLevel.Host, Of(instruction.Source));

    public bool Visit(HostIn instruction) => Write(instruction.Destination) & Carried(MemoryLevel.Host, Of(instruction.Destination));

    public bool Visit(Send instruction) => Read(instruction.Source) & Carried(MemoryLevel.Link, Of(instruction.Source));

    /// <summary>Every part reaches every other member: over links once for each other rank, over the network past each other tile.</summary>
    public bool Visit(Exchange instruction)
    {
        Read(instruction.Source);
        Write(instruction.Destination);
        Shape part = Of(instruction.Source);
        bool overRanks = instruction.Group is Group.Ranks or Group.All && _role.Ranks > 1;
        if (overRanks && _wholeChip == IsShared(instruction.Source))
            Tally(WorkItem.Read(MemoryLevel.Link, part.Purpose), (Int128)Sent(part) * (_role.Ranks - 1));
        if (!_wholeChip && instruction.Group is Group.Tiles or Group.All && _tiles > 1)
            Tally(WorkItem.Hops(part.Purpose), (Int128)part.Bytes * (overRanks ? _role.Ranks : 1) * (_tiles - 1));
        return true;
    }

    /// <summary>To each other member its share: over links for other ranks, past each other tile on the network.</summary>
    public bool Visit(AllToAll instruction)
    {
        Read(instruction.Source);
        Write(instruction.Destination);
        Shares(instruction.Group, instruction.Source, 0);
        return true;
    }

    /// <summary>To each other member its share, which it adds.</summary>
    public bool Visit(ReduceScatter instruction)
    {
        Read(instruction.Source);
        Write(instruction.Destination);
        Shares(instruction.Group, instruction.Source, Of(instruction.Source).Elements);
        return true;
    }

    /// <summary>Bytes of a part on the links between chips: with a library, float32 activations travel as 16-bit floats.</summary>
    public static long Sent(NumberFormat format, BufferKind kind, long elements, long bytes, bool byLibrary) =>
        byLibrary && kind == BufferKind.Activation && format.Element == ElementType.F32 ? 2 * elements : bytes;

    private long Sent(Shape part) => Sent(part.Format, part.Buffer.Kind, part.Elements, part.Bytes, _library is not null);

    private void Shares(Group group, int source, long combined)
    {
        Shape part = Of(source);
        static Int128 Others(Int128 whole, int members) => (whole * (members - 1) + members - 1) / members;
        if (group is Group.Ranks or Group.All && _role.Ranks > 1 && _wholeChip == IsShared(source))
        {
            Tally(WorkItem.Read(MemoryLevel.Link, part.Purpose), Others(Sent(part), _role.Ranks));
            if (combined > 0)
                Tally(WorkItem.Operation(WorkKind.Vector), Others(combined, _role.Ranks));
        }
        if (!_wholeChip && group is Group.Tiles or Group.All && _tiles > 1)
        {
            Tally(WorkItem.Hops(part.Purpose), Others(part.Bytes, _tiles));
            if (combined > 0)
                Tally(WorkItem.Operation(WorkKind.Vector), Others(combined, _tiles));
        }
    }

    /// <summary>Rounds over links as the algorithm has them; on the network once up and once down a tree, or a round past each tile.</summary>
    public bool Visit(Reduce instruction)
    {
        Read(instruction.Source);
        Write(instruction.Destination);
        Shape source = Of(instruction.Source);
        if (instruction.Group is Group.Ranks or Group.All && _role.Ranks > 1 && _wholeChip == IsShared(instruction.Source))
        {
            long rounds = Rounds(instruction.Algorithm, _role.Ranks);
            Tally(WorkItem.Read(MemoryLevel.Link, source.Purpose), (Int128)Sent(source) * rounds);
            Tally(WorkItem.Operation(WorkKind.Vector), (Int128)source.Elements * rounds);
        }
        if (!_wholeChip && instruction.Group is Group.Tiles or Group.All && _tiles > 1)
        {
            bool tree = instruction.Algorithm is CollectiveAlgorithm.InNetwork or CollectiveAlgorithm.Tree;
            Tally(WorkItem.Hops(source.Purpose), (Int128)source.Bytes * (tree ? 2 : Rounds(instruction.Algorithm, _tiles)));
            Tally(WorkItem.Operation(WorkKind.Vector), source.Elements);
        }
        return true;
    }

    /// <summary>Two products a visible position, head and dimension, one exponential a position and head; pages are read once a step.</summary>
    public bool Visit(Attend instruction)
    {
        Shape query = Of(instruction.Query);
        if (!_dynamic)
        {
            Read(instruction.Query);
            Write(instruction.Destination);
        }
        else if (_wholeChip)
        {
            Tally(WorkItem.Read(MemoryLevel.Dram, Purpose.Activations), Bursts(WideBytes(query)));
            Tally(WorkItem.Written(MemoryLevel.Dram, Purpose.Activations), Bursts(WideBytes(query)));
            Tally(WorkItem.Read(MemoryLevel.SharedSram, Purpose.Activations), WideBytes(query));
            Tally(WorkItem.Written(MemoryLevel.SharedSram, Purpose.Activations), WideBytes(query));
        }
        Shape keys = Of(instruction.Keys);
        long heads = query.Columns / Math.Max(1, instruction.HeadDimension);
        if (heads == 0 || query.Rows == 0)
            return true;
        (Int128 visible, Int128 held) = Positions(instruction.Window);
        if (!_wholeChip)
        {
            ElementType element = Multiplication.OfAttention(_chip, _library, keys.Format);
            Int128 products = 2 * visible * heads * instruction.HeadDimension;
            Tally(WorkItem.Multiply(element, element), products);
            Operations(WorkKind.Accumulate, element == ElementType.I8 ? products : 0);
            Tally(WorkItem.Operation(WorkKind.Function), visible * heads);
            Tally(WorkItem.Operation(WorkKind.Vector), 3 * visible * heads);
        }
        // Query heads of one KV head may lie on several tiles: SRAM is read by each, the memory beside the die delivers each byte once.
        if (_wholeChip != (keys.Space == Space.Dram))
            return true;
        Int128 bytes = 2 * held * (keys.Rows / Envelope.PageSize) * new TensorLayout(keys.Format, 1, instruction.HeadDimension).Bytes;
        // Values that are the keys' own bytes come from the memory beside the die once.
        Int128 once = instruction.Keys == instruction.Values ? bytes / 2 : bytes;
        Tally(WorkItem.Read(LevelOf(keys.Space), Purpose.Kv), keys.Space == Space.Dram ? Bursts(once) : bytes);
        if (keys.Space == Space.Dram)
        {
            Tally(
                _dynamic ? WorkItem.Read(MemoryLevel.SharedSram, Purpose.Kv) : WorkItem.Hops(Purpose.Kv),
                bytes * (_dynamic ? 1 : MeanHops)
            );
            Tally(WorkItem.Written(MemoryLevel.Sram, Purpose.Kv), bytes);
            Tally(WorkItem.Read(MemoryLevel.Sram, Purpose.Kv), bytes);
        }
        return true;
    }

    private void Products(MatMul instruction, Shape x, Shape w)
    {
        // A library cuts the product of the whole chip into its own blocks.
        if (_wholeChip != _library is not null)
            return;
        Multiplication multiplied = Multiplication.Of(_chip, _library, w.Format, x.Format);
        Int128 products = (Int128)x.Rows * w.Elements;
        // Its kernels expand weights anew for each row of blocks.
        int blocks = _library is null ? 1 : Blocks(x.Rows, Block.M);
        Tally(WorkItem.Operation(WorkKind.Dequantise), (Int128)w.Elements * multiplied.Expansions * blocks);
        Tally(WorkItem.Multiply(multiplied.Weights, multiplied.Activations), products);
        if (multiplied.Rate is null || w.Format.IsFloat || x.Format.IsFloat)
            return;
        Tally(WorkItem.Operation(WorkKind.Accumulate), products);
        // A fused multiply-add by the scales after each block of the plan.
        if (instruction.PlanBlock > 0)
            Tally(
                WorkItem.Multiply(ElementType.F32, ElementType.F32),
                (Int128)x.Rows * w.Rows * ((w.Columns + instruction.PlanBlock - 1) / instruction.PlanBlock)
            );
    }

    /// <summary>
    /// A product in thread blocks: every operand once from or to the memory beside the die, as measured kernels take their time; each from the
    /// shared SRAM once for every row or column of blocks, and from there through the SRAM of a core.
    /// </summary>
    private bool Blocked(MatMul instruction, Shape x, Shape w)
    {
        if (!_wholeChip)
            return true;
        Shape y = Of(instruction.Y);
        NumberFormat operand = Multiplication.Of(_chip, _library, w.Format, x.Format).Operand;
        Int128 weights = (Int128)w.Bytes * Blocks(x.Rows, Block.M);
        Int128 activations = (Int128)new TensorLayout(operand, x.Rows, x.Columns).Bytes * Blocks(w.Rows, Block.N);
        if (w.Space == Space.Dram)
            Tally(WorkItem.Read(MemoryLevel.Dram, Purpose.Weights), Bursts(w.Bytes));
        Int128 results = WideBytes(y);
        Tally(WorkItem.Read(MemoryLevel.Dram, Purpose.Activations), Bursts(x.Bytes));
        Tally(WorkItem.Written(MemoryLevel.Dram, Purpose.Activations), Bursts(results));
        Tally(WorkItem.Read(MemoryLevel.SharedSram, Purpose.Weights), weights);
        Tally(WorkItem.Read(MemoryLevel.SharedSram, Purpose.Activations), activations);
        Tally(WorkItem.Written(MemoryLevel.SharedSram, Purpose.Activations), results);
        Tally(WorkItem.Written(MemoryLevel.Sram, Purpose.Weights), weights);
        Tally(WorkItem.Read(MemoryLevel.Sram, Purpose.Weights), weights);
        Tally(WorkItem.Written(MemoryLevel.Sram, Purpose.Activations), activations);
        Tally(WorkItem.Read(MemoryLevel.Sram, Purpose.Activations), activations);
        return true;
    }

    private BlockTile Block => _chip.Execution.BlockTile ?? new(128, 128, 64);

    private static int Blocks(int rows, int block) => (rows + block - 1) / block;

    /// <summary>Outputs leave as two-byte floats: what libraries write, whatever the tape's accumulators are.</summary>
    private static Int128 WideBytes(Shape shape) => (Int128)2 * shape.Elements;

    private bool Elementwise(Instruction instruction, Int128 operations, Int128 functions = default)
    {
        foreach (int operand in instruction.Reads.Distinct())
            Read(operand);
        foreach (int operand in instruction.Writes.Distinct())
            Write(operand);
        Operations(WorkKind.Function, functions);
        return Operations(WorkKind.Vector, operations);
    }

    private bool Operations(WorkKind kind, Int128 count)
    {
        if (!_wholeChip)
            Tally(WorkItem.Operation(kind), count);
        return true;
    }

    private bool Install(long bytes)
    {
        if (!_wholeChip)
            Tally(WorkItem.Written(MemoryLevel.Array, Purpose.Weights), bytes);
        return true;
    }

    private bool Carried(MemoryLevel level, Shape shape)
    {
        if (!_wholeChip)
            Tally(WorkItem.Read(level, shape.Purpose), shape.Bytes);
        return true;
    }

    private bool Read(int operand, bool once = false) => Bytes(operand, Of(operand).Bytes, false, once);

    private bool Write(int operand) => Bytes(operand, Of(operand).Bytes, true, false);

    /// <summary>
    /// Bytes of an operand. Those beside the die cross the network of a static chip; on a dynamic one activations live in the shared SRAM
    /// unless they fill more than half of it. <paramref name="once"/>: one read serves all tiles.
    /// </summary>
    private bool Bytes(int operand, Int128 bytes, bool isWrite, bool once)
    {
        Shape shape = Of(operand);
        if (bytes == 0 || _trait.StaysInCore(operand, isWrite))
            return true;
        WorkItem Item(MemoryLevel level) => isWrite ? WorkItem.Written(level, shape.Purpose) : WorkItem.Read(level, shape.Purpose);
        if (shape.Space != Space.Dram)
        {
            if (!_wholeChip && shape.Space != Space.Array)
                Tally(Item(LevelOf(shape.Space)), bytes);
            return true;
        }
        if (_dynamic)
        {
            // Each byte of a chip's operand once: threads of a core share what they load.
            if (!_wholeChip)
                return true;
            if (shape.Buffer.Kind != BufferKind.Activation || !_held)
                Tally(Item(MemoryLevel.Dram), Bursts(bytes));
            Tally(Item(MemoryLevel.SharedSram), bytes);
            return true;
        }
        if (_wholeChip == once)
            Tally(Item(MemoryLevel.Dram), Bursts(bytes));
        // A multicast passes every tile of the group once, one transfer half of the grid.
        if (_wholeChip == once)
            Tally(WorkItem.Hops(shape.Purpose), bytes * (once ? _tiles : MeanHops));
        return true;
    }

    private long MeanHops =>
        _chip.Network.Kind switch
        {
            NetworkKind.Mesh => Math.Max(1, (_chip.Tiles.Rows + _chip.Tiles.Columns) / 2),
            NetworkKind.Ring => Math.Max(1, _chip.Tiles.Count / 4),
            _ => 1,
        };

    private static MemoryLevel LevelOf(Space space) =>
        space switch
        {
            Space.Dram => MemoryLevel.Dram,
            Space.Rom => MemoryLevel.Rom,
            Space.Array => MemoryLevel.Array,
            _ => MemoryLevel.Sram,
        };

    private static long Rounds(CollectiveAlgorithm algorithm, int members) =>
        algorithm switch
        {
            CollectiveAlgorithm.Butterfly => int.Log2(Math.Max(1, members - 1)) + 1,
            CollectiveAlgorithm.Tree => 2 * (int.Log2(Math.Max(1, members - 1)) + 1),
            CollectiveAlgorithm.InNetwork or CollectiveAlgorithm.Multicast => 1,
            _ => members - 1,
        };

    /// <summary>Pairs of query and visible position, and positions that any query of the step sees, over all sequences.</summary>
    private (Int128 Visible, Int128 Held) Positions(int window)
    {
        Int128 visible = 0;
        Int128 held = 0;
        foreach (SequenceRow row in _step.Sequences)
        {
            long first = row.Context + 1L;
            long last = row.Context + (long)row.NewTokens;
            // Σ min(seen, window) over seen = first … last, without a loop over tokens.
            long whole = window > 0 ? Math.Clamp(window, first - 1, last) : last;
            visible += (Int128)(first + whole) * (whole - first + 1) / 2 + (Int128)(last - whole) * window;
            held += window > 0 ? Math.Min(last, (long)window + row.NewTokens - 1) : last;
        }
        return (visible, held);
    }
}
