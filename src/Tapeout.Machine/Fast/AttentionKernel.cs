using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <summary>
/// ATTEND as vector code on several threads. A unit of work are a few tokens of one sequence, the query heads of one KV head, and a span of blocks that is a
/// subtree of the tree over blocks: a block is read once for all of them. The spans' nodes are merged afterwards, by the same tree.
/// </summary>
internal sealed unsafe class AttentionKernel : IDisposable
{
    /// <summary>Queries that share the reading of a block, about: more make fewer units.</summary>
    private const int QueriesAtOnce = 96;

    private readonly WorkerTeam _team;
    private readonly Action<int> _attend;
    private readonly Action<int> _finish;
    private readonly List<Chunk> _chunks = [];
    private readonly Stack<Scratch> _free = [];
    private readonly Lock _lock = new();
    private float* _nodes;
    private long _capacity;
    private Attend _instruction = null!;
    private ExecutionPoint _point;
    private MatrixView _query;
    private MatrixView _keys;
    private MatrixView _values;
    private MatrixView _destination;
    private long _keyStride;
    private long _valueStride;
    private int _heads;
    private int _firstHead;
    private int _kvFirst;
    private int _kvCount;
    private int _spanBlocks;
    private int _spans;
    private int _nodeFirst;
    private int _nodeCount;
    private int _width;

    public AttentionKernel(WorkerTeam team)
    {
        _team = team;
        _attend = AttendUnit;
        _finish = FinishToken;
    }

    /// <summary>Executes the instruction at one tile; false to leave it to the reference machine, which also says what is wrong with it.</summary>
    public bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, Attend instruction)
    {
        int d = instruction.HeadDimension;
        if (!AttentionBlock.Handles(d))
            return false;
        _query = memory.View(point, instruction.Query); // f32 [T, heads · d]
        _keys = memory.View(point, instruction.Keys); // [KV heads · 64, d] of page 0
        _values = memory.View(point, instruction.Values); // as keys
        _destination = memory.View(point, instruction.Destination); // f32 [T, heads · d], Partial: [T, heads · (d + 2)]
        if (_query.IsEmpty)
            return true;
        bool partial = instruction.Result == AttentionResult.Partial;
        _heads = _query.Columns.Count / d;
        _firstHead = _query.Columns.Start / d;
        _kvFirst = _firstHead / instruction.GroupSize;
        _kvCount = (_firstHead + _heads - 1) / instruction.GroupSize - _kvFirst + 1;
        if (
            _keys.Columns != new AxisRange(0, d)
            || _values.Columns != new AxisRange(0, d)
            || _destination.Columns.Count != _heads * (partial ? d + 2 : d)
            || _destination.Rows.Count != _query.Rows.Count
            || !Holds(_keys)
            || !Holds(_values)
        )
            return false;
        _instruction = instruction;
        _point = point;
        int keyPages = memory.Pages(point, instruction.Keys, out _keyStride);
        int valuePages = memory.Pages(point, instruction.Values, out _valueStride);
        _nodeFirst = partial && instruction.BlockCount > 0 ? instruction.FirstBlock.Evaluate(point.Instance.Loops) : 0;
        _nodeCount = partial && instruction.BlockCount > 0 ? instruction.BlockCount : 1 << 30;
        if (!Divide(Math.Min(keyPages, valuePages)))
            return false;
        int rows = _query.Rows.Count;
        _width = AttentionBlock.Pad(d) + 2;
        Reserve((long)rows * _heads * _spans * _width);
        _team.Run(_chunks.Count * _kvCount * _spans, _attend);
        _team.Run(rows, _finish);
        if (!partial)
            Semantics.RequireFinite(machine.Tape, point, _destination);
        return true;
    }

    public void Dispose()
    {
        foreach (Scratch scratch in _free)
            scratch.Dispose();
        NativeMemory.AlignedFree(_nodes);
        _nodes = null;
    }

    private bool Holds(in MatrixView cache) =>
        cache.Rows.Start <= _kvFirst * Envelope.PageSize && cache.Rows.End >= (_kvFirst + _kvCount) * Envelope.PageSize;

    /// <summary>Divides the tokens into chunks and the blocks into spans; false if a page is not there.</summary>
    private bool Divide(int pages)
    {
        Step step = _point.Step;
        _chunks.Clear();
        int most = Math.Max(1, QueriesAtOnce / Math.Max(1, Math.Min(_instruction.GroupSize, _heads)));
        int last = 0;
        long blocks = 0;
        for (int row = _query.Rows.Start; row < _query.Rows.End; )
        {
            int sequence = step.Tokens[row].Sequence;
            int end = row;
            int highest = 0;
            while (end < _query.Rows.End && end - row < most && step.Tokens[end].Sequence == sequence)
                highest = Math.Max(highest, step.Tokens[end++].Position);
            _chunks.Add(new(row, end - row, highest / Envelope.PageSize));
            blocks += highest / Envelope.PageSize + 1;
            last = Math.Max(last, highest / Envelope.PageSize);
            row = end;
            ImmutableArray<int> held = step.Sequences[sequence].Pages;
            for (int block = 0; block <= highest / Envelope.PageSize; block++)
            {
                if ((uint)held[block] >= (uint)pages)
                    return false;
            }
        }
        long share = blocks * _kvCount / (8L * _team.Size);
        bool whole = _team.Size == 1 || _chunks.Count * _kvCount >= 4 * _team.Size;
        _spanBlocks = whole ? 1 << 30 : (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, share));
        _spans = last / _spanBlocks + 1;
        return true;
    }

    private void Reserve(long floats)
    {
        if (floats <= _capacity)
            return;
        NativeMemory.AlignedFree(_nodes);
        _capacity = floats + floats / 4;
        _nodes = (float*)NativeMemory.AlignedAlloc((nuint)(_capacity * sizeof(float)), 64);
    }

    private float* Node(int row, int head, int span) =>
        _nodes + (((long)(row - _query.Rows.Start) * _heads + head) * _spans + span) * _width;

    /// <summary>The nodes of one chunk, KV head and span.</summary>
    private void AttendUnit(int unit)
    {
        int span = unit % _spans;
        int kv = _kvFirst + unit / _spans % _kvCount;
        Chunk chunk = _chunks[unit / _spans / _kvCount];
        int headFirst = Math.Max(kv * _instruction.GroupSize, _firstHead) - _firstHead;
        int headEnd = Math.Min((kv + 1) * _instruction.GroupSize, _firstHead + _heads) - _firstHead;
        int heads = headEnd - headFirst;
        int first = span * _spanBlocks;
        int end = (int)Math.Min(first + (long)_spanBlocks, chunk.LastBlock + 1L);
        int levels = BitOperations.Log2((uint)Math.Max(1, end - first)) + 2;
        int padded = _width - 2;
        Scratch scratch = Rent(chunk.Rows * heads, levels);
        int d = _instruction.HeadDimension;
        for (int row = 0; row < chunk.Rows; row++)
            _query
                .Floats(chunk.FirstRow + row)
                .Slice(headFirst * d, heads * d)
                .CopyTo(new(scratch.Queries + (nint)row * heads * d, heads * d));
        int depth = 0;
        for (int block = first; block < end; block++)
        {
            AttendOneBlock(scratch, chunk, kv, block, heads, levels, depth);
            depth++;
            for (int pairs = block - first + 1; (pairs & 1) == 0; pairs >>= 1)
            {
                depth--;
                for (int query = 0; query < chunk.Rows * heads; query++)
                {
                    float* left = scratch.Pending + ((nint)query * levels + depth - 1) * _width;
                    AttentionBlock.Merge(left, left + _width, padded);
                }
            }
        }
        for (int query = 0; query < chunk.Rows * heads; query++)
        {
            float* node = scratch.Pending + (nint)query * levels * _width;
            if (depth == 0)
                new Span<float>(node, _width).Clear();
            // What has no right neighbour is handed up unchanged.
            for (int level = depth - 1; level > 0; level--)
                AttentionBlock.Merge(node + (level - 1) * _width, node + level * _width, padded);
            new Span<float>(node, _width).CopyTo(new(Node(chunk.FirstRow + query / heads, headFirst + query % heads, span), _width));
        }
        Return(scratch);
    }

    /// <summary>The nodes of one block, at a level of every query's pending nodes; absent ones where a token does not see the block.</summary>
    private void AttendOneBlock(Scratch scratch, in Chunk chunk, int kv, int block, int heads, int levels, int depth)
    {
        Step step = _point.Step;
        int from = Envelope.PageSize;
        int to = -1;
        Span<(int From, int To)> seen = stackalloc (int, int)[chunk.Rows];
        for (int i = 0; i < chunk.Rows; i++)
        {
            seen[i] = Seen(step.Tokens[chunk.FirstRow + i].Position, block);
            if (seen[i].From > seen[i].To)
                continue;
            from = Math.Min(from, seen[i].From);
            to = Math.Max(to, seen[i].To);
        }
        if (from <= to)
        {
            ImmutableArray<int> pages = step.Sequences[step.Tokens[chunk.FirstRow].Sequence].Pages;
            int page = pages[block];
            int row = kv * Envelope.PageSize;
            bool goesOn = block < chunk.LastBlock;
            if (goesOn)
                scratch.Block.AskFor(
                    AddressOf(_keys, _keyStride * pages[block + 1], row),
                    AddressOf(_values, _valueStride * pages[block + 1], row),
                    Envelope.PageSize * _keys.Layout.RowBytes,
                    Envelope.PageSize * _values.Layout.RowBytes
                );
            scratch.Block.Read(
                _keys.Offset(page * _keyStride).Packed,
                _keys.Local(row),
                _values.Offset(page * _valueStride).Packed,
                _values.Local(row),
                from,
                to,
                chunk.Rows * heads
            );
        }
        nint stride = (nint)levels * _width;
        float* nodes = scratch.Pending + (nint)depth * _width;
        scratch.Block.Attend(scratch.Queries, heads, seen, _instruction.Scale, _instruction.Softcap, nodes, stride);
    }

    private static byte* AddressOf(in MatrixView cache, long offset, int row) =>
        cache.First + offset + (long)cache.Local(row) * cache.Layout.RowBytes;

    /// <summary>The positions inside a block that the token at <paramref name="position"/> sees; From > To for none.</summary>
    private (int From, int To) Seen(int position, int block)
    {
        if (block < _nodeFirst || block - _nodeFirst >= _nodeCount)
            return (0, -1);
        int lowest = _instruction.Window > 0 ? Math.Max(0, position - _instruction.Window + 1) : 0;
        int start = block * Envelope.PageSize;
        return (Math.Max(lowest, start) - start, Math.Min(position, start + Envelope.PageSize - 1) - start);
    }

    /// <summary>Merges the spans' nodes of one token and writes the results.</summary>
    private void FinishToken(int item)
    {
        int d = _instruction.HeadDimension;
        int padded = _width - 2;
        bool partial = _instruction.Result == AttentionResult.Partial;
        int width = partial ? d + 2 : d;
        int row = _query.Rows.Start + item;
        Span<float> outputs = _destination.Floats(_destination.Rows.Start + item);
        for (int head = 0; head < _heads; head++)
        {
            float* node = Node(row, head, 0);
            for (int step = 1; step < _spans; step *= 2)
            {
                for (int span = 0; span + step < _spans; span += 2 * step)
                    AttentionBlock.Merge(node + (nint)span * _width, node + (nint)(span + step) * _width, padded);
            }
            Span<float> output = outputs.Slice(head * width, width);
            new ReadOnlySpan<float>(node, d).CopyTo(output);
            if (partial)
            {
                output[d] = node[padded];
                output[d + 1] = node[padded + 1];
                continue;
            }
            RowFunctions.Scale(output, output, Elementary.Reciprocal(node[padded + 1]));
        }
    }

    private Scratch Rent(int queries, int levels)
    {
        Scratch? scratch;
        lock (_lock)
            _free.TryPop(out scratch);
        if (scratch is not null && scratch.Block.HeadDimension != _instruction.HeadDimension)
        {
            scratch.Dispose();
            scratch = null;
        }
        scratch ??= new(_instruction.HeadDimension);
        scratch.Reserve((long)queries * levels * _width, (long)queries * _instruction.HeadDimension);
        return scratch;
    }

    private void Return(Scratch scratch)
    {
        lock (_lock)
            _free.Push(scratch);
    }

    /// <summary>Rows of the step that follow each other and belong to one sequence.</summary>
    private readonly record struct Chunk(int FirstRow, int Rows, int LastBlock);

    /// <summary>What one unit works in.</summary>
    private sealed class Scratch(int headDimension) : IDisposable
    {
        private long _capacity;

        public AttentionBlock Block { get; } = new(headDimension);

        /// <summary>Nodes that wait for a right neighbour [queries, levels].</summary>
        public float* Pending { get; private set; }

        /// <summary>The queries, one after the other [queries, d].</summary>
        public float* Queries { get; private set; }

        public void Reserve(long nodeFloats, long queryFloats)
        {
            long floats = nodeFloats + queryFloats;
            if (floats > _capacity)
            {
                NativeMemory.AlignedFree(Pending);
                _capacity = floats + floats / 4;
                Pending = (float*)NativeMemory.AlignedAlloc((nuint)(_capacity * sizeof(float)), 64);
            }
            Queries = Pending + nodeFloats;
        }

        public void Dispose()
        {
            NativeMemory.AlignedFree(Pending);
            Block.Dispose();
        }
    }
}
