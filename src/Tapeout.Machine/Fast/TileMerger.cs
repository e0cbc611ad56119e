using System.Collections.Immutable;
using Tapeout.Isa;
using Barrier = Tapeout.Isa.Barrier;

namespace Tapeout.Machine.Fast;

/// <summary>
/// Rewrites a role for one tile that does the work of all. Ranges are global coordinates, so the parts of all tiles together are the whole
/// part of the rank; what every tile holds alike is held once; a loop that streams or installs the weights of one product becomes that
/// product, read where the weights lie. No result can change: no sum of the instruction set depends on where it was cut.
/// </summary>
internal sealed class TileMerger
{
    /// <summary>The loop that stands for the tiles where an instruction must see its part alone.</summary>
    private const int TileLoop = 3;

    private readonly Role _role;
    private readonly StepSizes _bounds;
    private readonly List<Descriptor> _descriptors;
    private readonly List<Instruction> _instructions = [];
    private readonly List<int> _sources = [];

    private TileMerger(Role role, StepSizes bounds)
    {
        _role = role;
        _bounds = bounds;
        _descriptors = [.. role.Descriptors.Select(d => d with { Rows = WithoutTiles(d.Rows), Columns = WithoutTiles(d.Columns) })];
    }

    /// <summary>The merged role, or null where its tiles cannot be one: then every tile is executed.</summary>
    public static MergedRole? Merge(Role role, StepSizes bounds)
    {
        TileMerger merger = new(role, bounds);
        if (!merger.IsUniform())
            return null;
        return merger.Rewrite(0, role.Instructions.Length) ? merger.Build() : null;
    }

    private MergedRole Build()
    {
        HashSet<int> used = [];
        foreach (Instruction instruction in _instructions)
        {
            foreach (int descriptor in (int[])[.. instruction.Reads, .. instruction.Writes])
                used.Add(_descriptors[descriptor].Buffer);
        }
        long[] next = new long[4];
        List<TapeBuffer> buffers = [];
        for (int number = 0; number < _role.Buffers.Length; number++)
        {
            TapeBuffer buffer = _role.Buffers[number] with
            {
                Rows = WithoutTiles(_role.Buffers[number].Rows),
                Columns = WithoutTiles(_role.Buffers[number].Columns),
            };
            if (!used.Contains(number))
            {
                // Slots of streamed weights and accumulators of installed ones are not needed any more.
                buffer = buffer with
                {
                    Kind = BufferKind.Activation,
                    Tensor = "",
                    Rows = new Axis(1),
                    Columns = new Axis(1),
                    Stack0 = 1,
                    Stack1 = 1,
                    Slots = 1,
                };
            }
            buffer = buffer with { Address = next[(int)buffer.Space] };
            next[(int)buffer.Space] += (buffer.Bytes(_bounds) + 63) & ~63L;
            buffers.Add(buffer);
        }
        Role merged = _role with
        {
            Tiles = 1,
            Buffers = [.. buffers],
            Descriptors = [.. _descriptors],
            Tokens = [],
            Instructions = [.. _instructions],
        };
        return new(merged, [.. _sources]);
    }

    /// <summary>True if what each tile holds of an undivided buffer is the same on all, so that holding it once is enough.</summary>
    private bool IsUniform()
    {
        foreach (Instruction instruction in _role.Instructions)
        {
            if (instruction.Tiles.First != 0 || (instruction.Tiles.Count != 1 && instruction.Tiles.Count != _role.Tiles))
                return false;
            // What differs from tile to tile stays apart.
            if (instruction is Send or Receive or AllToAll or ReduceScatter && _role.Tiles > 1)
                return false;
            if (instruction is Reduce { Operation: not ReduceOperation.Maximum, Group: not Group.Ranks } && _role.Tiles > 1)
                return false;
            if (
                instruction is NormSum or Norm or Softmax or Sample or Route
                && instruction.Reads.Any(d => _role.Descriptors[d].Columns.TileStep > 0)
            )
                return false;
            bool readsParts = instruction.Reads.Any(d => IsDivided(_role.Descriptors[d]));
            foreach (int written in instruction.Writes)
            {
                Descriptor descriptor = _role.Descriptors[written];
                TapeBuffer buffer = _role.Buffers[descriptor.Buffer];
                if (buffer.Space is not (Space.Sram or Space.Array))
                    continue;
                bool heldInParts = buffer.Rows.TileStep > 0 || buffer.Columns.TileStep > 0;
                // A part of what every tile holds whole would differ from tile to tile.
                if (IsDivided(descriptor) != heldInParts)
                    return false;
                // The largest of the parts' maxima is the maximum of the whole, which the merged tile finds at once.
                bool makesWhole = instruction is Exchange or AbsMax or Reduce;
                if (!heldInParts && readsParts && !makesWhole)
                    return false;
            }
        }
        return true;
    }

    private bool Rewrite(int from, int to)
    {
        for (int counter = from; counter < to; counter++)
        {
            Instruction instruction = _role.Instructions[counter];
            switch (instruction)
            {
                case Barrier or Launch:
                    continue;
                case Loop loop:
                    int end = Sequencer.EndOf(_role, counter);
                    if (MergeProduct(counter, end) is { } next)
                    {
                        counter = next;
                        continue;
                    }
                    Add(loop, counter);
                    if (!Rewrite(counter + 1, end))
                        return false;
                    Add(_role.Instructions[end], end);
                    counter = end;
                    continue;
                case TopK top when _role.Descriptors[top.Source].Columns.TileStep > 0:
                    if (!EachTile(top, counter))
                        return false;
                    continue;
                default:
                    // A loop inside a tile's part leaves gaps between the parts of one iteration.
                    if (instruction.Reads.Concat(instruction.Writes).Any(d => HasGaps(_role.Descriptors[d])))
                        return false;
                    Add(instruction, counter);
                    continue;
            }
        }
        return true;
    }

    /// <summary>The candidates of each part of the vocabulary: a loop over what were tiles.</summary>
    private bool EachTile(TopK top, int counter)
    {
        int[] operands = [top.Source, top.Values, top.Ids];
        if (operands.Any(d => HasGaps(_role.Descriptors[d]) || UsesLevel(_role.Descriptors[d], TileLoop)))
            return false;
        int Looped(int number)
        {
            Descriptor d = _role.Descriptors[number];
            _descriptors.Add(d with { Columns = d.Columns with { TileStep = 0, LoopStep = d.Columns.TileStep, LoopLevel = TileLoop } });
            return _descriptors.Count - 1;
        }
        Add(new Loop { Level = TileLoop, Count = SizeExpression.Of(_role.Tiles) }, counter);
        Add(top with { Source = Looped(top.Source), Values = Looped(top.Values), Ids = Looped(top.Ids) }, counter);
        Add(new End { Level = TileLoop }, counter);
        return true;
    }

    /// <summary>
    /// A nest of loops around nothing but COPY or INSTALL of weights and the MATMUL that takes them: one product over the whole of both axes.
    /// </summary>
    /// <returns>The last instruction that the product stands for; null if this is no such nest.</returns>
    private int? MergeProduct(int start, int end)
    {
        List<int> levels = [];
        int move = -1;
        int multiply = -1;
        for (int counter = start; counter <= end; counter++)
        {
            switch (_role.Instructions[counter])
            {
                case Loop loop:
                    levels.Add(loop.Level);
                    break;
                case End or Barrier or Launch:
                    break;
                case Copy or Install when move < 0:
                    move = counter;
                    break;
                case MatMul when move >= 0 && multiply < 0:
                    multiply = counter;
                    break;
                default:
                    return null;
            }
        }
        if (multiply < 0)
            return null;
        (int source, int target) = _role.Instructions[move] is Copy copy
            ? (copy.Source, copy.Destination)
            : Slots((Install)_role.Instructions[move]);
        MatMul product = (MatMul)_role.Instructions[multiply];
        if (_role.Descriptors[product.W].Buffer != _role.Descriptors[target].Buffer)
            return null;
        if (_role.Buffers[_role.Descriptors[source].Buffer].Kind != BufferKind.Constant)
            return null;
        Descriptor weights = _role.Descriptors[source];
        Descriptor output = _role.Descriptors[product.Y];
        Descriptor input = _role.Descriptors[product.X];
        foreach (int level in levels)
        {
            // The level may only cut the two axes (and number the leaves): then all its iterations together are the whole.
            if (Follows(weights.Stack0, level) || Follows(weights.Stack1, level) || Names(weights.Rows, level) || Names(input.Rows, level))
                return null;
            if (Names(output.Rows, level) || Follows(output.Stack0, level))
                return null;
        }
        MatMul whole = product with
        {
            W = Describe(weights, levels),
            X = Describe(input, levels),
            Accumulate = AccumulateMode.Overwrite,
            FirstLevels = 0,
        };
        int after = end + 1;
        while (_role.Instructions[after] is Barrier or Launch)
            after++;
        if (product.Result == MatMulResult.Integer && _role.Instructions[after] is Finish finish && IsOf(finish.Accumulator, output.Buffer))
        {
            Add(whole with { Result = MatMulResult.Final, Y = finish.Destination }, after);
            return after;
        }
        if (product.Result == MatMulResult.Leaf)
        {
            whole = whole with { Result = MatMulResult.Final };
            if (_role.Buffers[output.Buffer].Stack1 > 1)
            {
                if (_role.Instructions[after] is not Combine combine || !IsOf(combine.Leaves, output.Buffer))
                    return null;
                Add(whole with { Y = combine.Destination }, after);
                return after;
            }
        }
        Add(whole with { Y = Describe(output, levels) }, multiply);
        return end;

        static (int, int) Slots(Install install) => (install.Source, install.Slot);
    }

    private bool IsOf(int descriptor, int buffer) => _role.Descriptors[descriptor].Buffer == buffer;

    private int Describe(Descriptor descriptor, List<int> levels)
    {
        _descriptors.Add(
            descriptor with
            {
                Rows = WithoutLoops(WithoutTiles(descriptor.Rows), levels),
                Columns = WithoutLoops(WithoutTiles(descriptor.Columns), levels),
                Stack1 = levels.Any(l => Follows(descriptor.Stack1, l)) ? default : descriptor.Stack1,
            }
        );
        return _descriptors.Count - 1;
    }

    private void Add(Instruction instruction, int source)
    {
        _instructions.Add(instruction with { Tiles = new(0, 1), Waits = ImmutableArray<int>.Empty, Signals = ImmutableArray<int>.Empty });
        _sources.Add(source);
    }

    private static Axis WithoutTiles(Axis axis) => axis with { TileStep = 0 };

    private static Axis WithoutLoops(Axis axis, List<int> levels)
    {
        if (axis.LoopStep > 0 && levels.Contains(axis.LoopLevel))
            axis = axis with { LoopStep = 0, LoopLevel = 0 };
        if (axis.InnerStep > 0 && levels.Contains(axis.InnerLevel))
            axis = axis with { InnerStep = 0, InnerLevel = 0 };
        return axis;
    }

    private static bool IsDivided(Descriptor descriptor) => descriptor.Rows.TileStep > 0 || descriptor.Columns.TileStep > 0;

    private static bool HasGaps(Descriptor descriptor) => HasGaps(descriptor.Rows) || HasGaps(descriptor.Columns);

    private static bool HasGaps(Axis axis) => axis.TileStep > 0 && (axis.LoopStep > 0 || axis.InnerStep > 0);

    private static bool Follows(IndexExpression index, int level) => index.Step != 0 && index.Level == level;

    /// <summary>True if the axis takes an expert's number from the level.</summary>
    private static bool Names(Axis axis, int level) =>
        (axis.Kind == AxisKind.ExpertRows && axis.LoopLevel == level) || (axis.Kind == AxisKind.ActiveExpert && axis.InnerLevel == level);

    private static bool UsesLevel(Descriptor descriptor, int level)
    {
        bool Uses(Axis axis) =>
            Names(axis, level) || (axis.LoopStep > 0 && axis.LoopLevel == level) || (axis.InnerStep > 0 && axis.InnerLevel == level);
        return Uses(descriptor.Rows) || Uses(descriptor.Columns) || Follows(descriptor.Stack0, level) || Follows(descriptor.Stack1, level);
    }
}
