using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <content>
/// Exchanges between tiles and ranks, and what is folded over leaves and parts. The first member of a group acts for all. SEND and RECV stay with the
/// definition: they copy rows into and out of parcels that other roles wait for, and nothing else.
/// </content>
internal sealed unsafe partial class RowKernels
{
    /// <summary>Floats that the nodes of a merge may take on a thread's stack.</summary>
    private const int MostNodeFloats = 16_384;

    private readonly MatrixView[] _sources = new MatrixView[MemberRows.MostMembers];
    private readonly MatrixView[] _destinations = new MatrixView[MemberRows.MostMembers];
    private int _members;
    private ReduceOperation _operation;

    private bool TryExchange(RoleMemory memory, in ExecutionPoint point, Exchange instruction)
    {
        if (!Acts(point, instruction.Group))
            return true;
        if (!TryView(memory, point, instruction.Group, instruction.Source, instruction.Destination))
            return false;
        for (int to = 0; to < _members; to++)
        {
            for (int from = 0; from < _members; from++)
            {
                MatrixView part = _sources[from];
                MatrixView whole = _destinations[to];
                if (part.IsEmpty)
                    continue;
                if (
                    part.Format != whole.Format
                    || !whole.Rows.Contains(part.Rows)
                    || !whole.Columns.Contains(part.Columns)
                    || part.Overlaps(whole)
                    || part.Format.Granularity == ScaleGranularity.Tensor
                )
                    return false;
            }
        }
        for (int to = 0; to < _members; to++)
        {
            for (int from = 0; from < _members; from++)
                CopyPart(point, _sources[from], _destinations[to]);
        }
        return true;
    }

    private bool TryAllToAll(RoleMemory memory, in ExecutionPoint point, AllToAll instruction)
    {
        if (!Acts(point, instruction.Group))
            return true;
        if (!TryView(memory, point, instruction.Group, instruction.Source, instruction.Destination))
            return false;
        for (int to = 0; to < _members; to++)
        {
            MatrixView destination = _destinations[to];
            long elements = 0;
            for (int from = 0; from < _members; from++)
            {
                MatrixView part = Common(_sources[from], destination);
                if (part.IsEmpty)
                    continue;
                if (part.Format != destination.Format || part.Overlaps(destination) || part.Format.Granularity == ScaleGranularity.Tensor)
                    return false;
                elements += (long)part.Rows.Count * part.Columns.Count;
            }
            if (elements != (long)destination.Rows.Count * destination.Columns.Count)
                return false;
        }
        for (int to = 0; to < _members; to++)
        {
            for (int from = 0; from < _members; from++)
                CopyPart(point, Common(_sources[from], _destinations[to]), _destinations[to]);
        }
        return true;
    }

    private bool TryReduce(RoleMemory memory, in ExecutionPoint point, Reduce instruction)
    {
        if (!Acts(point, instruction.Group))
            return true;
        if (!TryView(memory, point, instruction.Group, instruction.Source, instruction.Destination))
            return false;
        if (_sources[0].IsEmpty)
            return true;
        if (!Handles(instruction.Operation))
            return false;
        NumberFormat format = instruction.Operation == ReduceOperation.SumIntegers ? new(ElementType.I32) : NumberFormat.F32;
        for (int member = 0; member < _members; member++)
        {
            MatrixView destination = _destinations[member];
            if (!SameShape(_sources[0], _sources[member]) || !SameShape(_sources[0], destination))
                return false;
            if (_sources[member].Format != format || destination.Format != format)
                return false;
            // In place each element is read before it is written; any other overlap has an order that the definition knows.
            for (int other = 0; other < _members; other++)
            {
                if (_sources[other].Overlaps(destination) && (other != member || !IsSame(_sources[other], destination)))
                    return false;
            }
        }
        _operation = instruction.Operation;
        _first = _sources[0];
        _destination = _destinations[0];
        Run(point, static (k, i) => k.ReduceRow(i));
        return true;
    }

    private void ReduceRow(int row)
    {
        Span<nint> rows = stackalloc nint[_members];
        for (int member = 0; member < _members; member++)
            rows[member] = Address(_sources[member], _sources[member].Rows.Start + row, _sources[member].Columns.Start);
        int columns = _destination.Columns.Count;
        nint result = Address(_destination, _destination.Rows.Start + row, _destination.Columns.Start);
        Fold(rows, result, columns);
        for (int member = 1; member < _members; member++)
        {
            MatrixView to = _destinations[member];
            long bytes = columns * 4L;
            Buffer.MemoryCopy((void*)result, (void*)Address(to, to.Rows.Start + row, to.Columns.Start), bytes, bytes);
        }
    }

    private bool TryReduceScatter(RoleMemory memory, in ExecutionPoint point, ReduceScatter instruction)
    {
        if (!Acts(point, instruction.Group))
            return true;
        if (
            !TryView(memory, point, instruction.Group, instruction.Source, instruction.Destination)
            || _sources[0].IsEmpty
            || !Handles(instruction.Operation)
        )
            return false;
        NumberFormat format = instruction.Operation == ReduceOperation.SumIntegers ? new(ElementType.I32) : NumberFormat.F32;
        for (int member = 0; member < _members; member++)
        {
            MatrixView destination = _destinations[member];
            if (!SameShape(_sources[0], _sources[member]) || _sources[member].Rows != _sources[0].Rows)
                return false;
            if (!_sources[0].Rows.Contains(destination.Rows) || !_sources[0].Columns.Contains(destination.Columns))
                return false;
            if (_sources[member].Format != format || destination.Format != format)
                return false;
            for (int other = 0; other < _members; other++)
            {
                if (!destination.IsEmpty && _sources[other].Overlaps(destination))
                    return false;
            }
        }
        _operation = instruction.Operation;
        _first = _sources[0];
        for (int member = 0; member < _members; member++)
        {
            _destination = _destinations[member];
            if (_destination.IsEmpty)
                continue;
            Run(
                point,
                static (k, i) =>
                {
                    Span<nint> rows = stackalloc nint[k._members];
                    int row = k._destination.Rows.Start + i;
                    int first = k._destination.Columns.Start - k._first.Columns.Start;
                    for (int other = 0; other < k._members; other++)
                        rows[other] = Address(k._sources[other], row, k._sources[other].Columns.Start + first);
                    k.Fold(rows, Address(k._destination, row, k._destination.Columns.Start), k._destination.Columns.Count);
                }
            );
        }
        return true;
    }

    private bool TryCombine(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, Combine instruction)
    {
        _destination = memory.View(point, instruction.Destination); // f32 [T, N]
        if (_destination.IsEmpty)
            return true;
        _members = instruction.Count;
        _operation = ReduceOperation.SumNodes;
        if (_members > MemberRows.MostMembers || !Handles(_operation) || _destination.Format != NumberFormat.F32)
            return false;
        for (int leaf = 0; leaf < _members; leaf++)
        {
            _sources[leaf] = memory.View(point, instruction.Leaves, leaf);
            if (!SameShape(_sources[leaf], _destination) || _sources[leaf].Format != NumberFormat.F32)
                return false;
            if (_sources[leaf].Overlaps(_destination))
                return false;
        }
        _first = _sources[0];
        Run(
            point,
            static (k, i) =>
            {
                Span<nint> rows = stackalloc nint[k._members];
                for (int leaf = 0; leaf < k._members; leaf++)
                    rows[leaf] = Address(k._sources[leaf], k._sources[leaf].Rows.Start + i, k._sources[leaf].Columns.Start);
                k.Fold(
                    rows,
                    Address(k._destination, k._destination.Rows.Start + i, k._destination.Columns.Start),
                    k._destination.Columns.Count
                );
            },
            machine
        );
        return true;
    }

    private bool TryMerge(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, Merge instruction)
    {
        _destination = memory.View(point, instruction.Destination); // f32 [T, heads · d]
        if (_destination.IsEmpty)
            return true;
        int d = instruction.HeadDimension;
        int heads = _destination.Columns.Count / d;
        _members = instruction.Count;
        if (
            _destination.Columns.Count != heads * d
            || !int.IsPow2(_members)
            || _members > MemberRows.MostMembers
            || (AttentionBlock.Pad(d) + 2L) * _members > MostNodeFloats
        )
            return false;
        for (int part = 0; part < _members; part++)
        {
            _sources[part] = memory.View(point, instruction.Partials, part); // f32 [T, heads · (d + 2)]
            if (_sources[part].Columns.Count != heads * (d + 2) || _sources[part].Rows.Count != _destination.Rows.Count)
                return false;
        }
        _first = _sources[0];
        Run(point, static (k, i) => k.MergeRow((Merge)k._point.Instance.Instruction, i), machine);
        return true;
    }

    /// <summary>The partial results of one token's heads.</summary>
    private void MergeRow(Merge instruction, int row)
    {
        int d = instruction.HeadDimension;
        int padded = AttentionBlock.Pad(d);
        int width = padded + 2;
        float* nodes = stackalloc float[_members * width];
        Span<float> outputs = Row(_destination, row);
        for (int head = 0; head * d < outputs.Length; head++)
        {
            for (int part = 0; part < _members; part++)
            {
                ReadOnlySpan<float> held = Row(_sources[part], row).Slice(head * (d + 2), d + 2);
                Span<float> node = new(nodes + part * width, width);
                held[..d].CopyTo(node);
                node[d..padded].Clear();
                held[d..].CopyTo(node[padded..]);
            }
            for (int step = 1; step < _members; step *= 2)
            {
                for (int part = 0; part + step < _members; part += 2 * step)
                    AttentionBlock.Merge(nodes + part * width, nodes + (part + step) * width, padded);
            }
            RowFunctions.Scale(new(nodes, d), outputs.Slice(head * d, d), Elementary.Reciprocal(nodes[padded + 1]));
        }
    }

    /// <summary>One element of each row to one of the result, by the instruction's operation.</summary>
    private void Fold(ReadOnlySpan<nint> rows, nint result, int columns)
    {
        if (_operation == ReduceOperation.SumIntegers)
            MemberRows.AddIntegers(rows, _members, (int*)result, columns);
        else if (_operation == ReduceOperation.Maximum)
            MemberRows.Largest(rows, _members, (float*)result, columns);
        else
            MemberRows.FoldTree(rows, _members, (float*)result, columns);
    }

    private bool Handles(ReduceOperation operation) => operation != ReduceOperation.SumNodes || int.IsPow2(_members);

    private void CopyPart(in ExecutionPoint point, in MatrixView part, in MatrixView whole)
    {
        if (part.IsEmpty)
            return;
        _first = part;
        _destination = whole.At(part.Rows, part.Columns);
        Run(point, static (k, i) => RowCopy.Copy(k._first, k._first.Rows.Start + i, k._destination, k._destination.Rows.Start + i));
    }

    private static MatrixView Common(in MatrixView source, in MatrixView destination) =>
        source.At(source.Rows.And(destination.Rows), source.Columns.And(destination.Columns));

    /// <summary>True for the first member of a group, which acts for all.</summary>
    private static bool Acts(in ExecutionPoint point, Group group) =>
        (group == Group.Tiles || point.Rank == 0) && (group == Group.Ranks || point.Tile == 0);

    /// <summary>The members' sources and destinations by rank and then tile; false if there is no room for so many.</summary>
    private bool TryView(RoleMemory memory, in ExecutionPoint point, Group group, int source, int destination)
    {
        int tiles = group == Group.Ranks ? 1 : point.Instance.Instruction.Tiles.Count;
        int ranks = group == Group.Tiles ? 1 : point.Role.Ranks;
        _members = ranks * tiles;
        if (_members > MemberRows.MostMembers)
            return false;
        for (int member = 0; member < _members; member++)
        {
            ExecutionPoint at = point with { Rank = point.Rank + member / tiles, Tile = point.Tile + member % tiles };
            _sources[member] = memory.View(at, source);
            _destinations[member] = memory.View(at, destination);
        }
        return true;
    }

    private static bool IsSame(in MatrixView left, in MatrixView right) =>
        left.First == right.First
        && left.Layout == right.Layout
        && left.Rows == right.Rows
        && left.Columns == right.Columns
        && left.RowStart == right.RowStart
        && left.ColumnStart == right.ColumnStart;

    /// <summary>An element of four bytes.</summary>
    private static nint Address(in MatrixView view, int row, int column) =>
        (nint)(view.First + (long)view.Local(row) * view.Layout.RowBytes + (column - view.ColumnStart) * 4L);
}
