using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Fast;

/// <content>Movement of data: rows are copied as pieces of memory (<see cref="RowCopy"/>), and shared out as others are.</content>
internal sealed partial class RowKernels
{
    private TiedPart[] _tied = [];

    private bool TryCopy(RoleMemory memory, in ExecutionPoint point, int source, int destination)
    {
        _first = memory.View(point, source);
        _destination = memory.View(point, destination);
        return (_first.IsEmpty && _destination.IsEmpty) || TryCopyRows(point);
    }

    /// <summary>Rows of <see cref="_first"/> to those of <see cref="_destination"/>.</summary>
    private bool TryCopyRows(in ExecutionPoint point)
    {
        // A scale for all of a tensor would be written by every row; regions that overlap are copied from the first row on.
        if (
            !SameShape(_first, _destination)
            || _first.Format != _destination.Format
            || _destination.Format.Granularity == ScaleGranularity.Tensor
            || _first.Overlaps(_destination)
        )
            return false;
        Run(point, static (k, i) => RowCopy.Copy(k._first, k._first.Rows.Start + i, k._destination, k._destination.Rows.Start + i));
        return true;
    }

    private bool TryGather(RoleMemory memory, in ExecutionPoint point, Gather instruction)
    {
        _first = memory.View(point, instruction.Table); // [V, C] or [tokens, C]
        _destination = memory.View(point, instruction.Destination); // f32 [R, C]
        if (_destination.IsEmpty)
            return true;
        if (_first.Columns.Count != _destination.Columns.Count || _destination.Format != NumberFormat.F32)
            return false;
        if (instruction.Ids >= 0)
        {
            _second = memory.View(point, instruction.Ids); // i32 [tokens, 1]
            if (!_second.Rows.Contains(_destination.Rows) || _second.IsEmpty)
                return false;
        }
        for (int row = _destination.Rows.Start; row < _destination.Rows.End; row++)
        {
            int from = SourceRow(point.Step, instruction, row);
            if (from < _first.Rows.Start || from >= _first.Rows.End)
                return false;
        }
        Run(
            point,
            static (k, i) =>
            {
                int row = k._destination.Rows.Start + i;
                int from = k.SourceRow(k._point.Step, (Gather)k._point.Instance.Instruction, row);
                k._first.Dequantise(from, k._destination.Floats(row));
            }
        );
        return true;
    }

    /// <summary>As GATHER from a table that is held as the weights of a product: rows are taken out of their layout.</summary>
    public bool TryGather(RoleMemory memory, in ExecutionPoint point, Gather instruction, TiedPart[] table)
    {
        _destination = memory.View(point, instruction.Destination); // f32 [R, C]
        if (_destination.IsEmpty)
            return true;
        if (_destination.Format != NumberFormat.F32 || _destination.Columns != new AxisRange(0, table[0].Weights.Rule.Length))
            return false;
        if (instruction.Ids >= 0)
        {
            _second = memory.View(point, instruction.Ids); // i32 [tokens, 1]
            if (!_second.Rows.Contains(_destination.Rows) || _second.IsEmpty)
                return false;
        }
        for (int row = _destination.Rows.Start; row < _destination.Rows.End; row++)
        {
            if (PartOf(table, SourceRow(point.Step, instruction, row)) < 0)
                return false;
        }
        _tied = table;
        _first = _destination;
        Run(
            point,
            static (k, i) =>
            {
                int row = k._destination.Rows.Start + i;
                int from = k.SourceRow(k._point.Step, (Gather)k._point.Instance.Instruction, row);
                TiedPart part = k._tied[PartOf(k._tied, from)];
                part.Weights.DequantiseRow(from - part.Rows.Start, k._destination.Floats(row));
            }
        );
        return true;
    }

    private static int PartOf(TiedPart[] table, int row)
    {
        for (int part = 0; part < table.Length; part++)
        {
            if (row >= table[part].Rows.Start && row < table[part].Rows.End)
                return part;
        }
        return -1;
    }

    private int SourceRow(Step step, Gather instruction, int row) =>
        instruction.Ids >= 0 ? _second.Integers(row)[0] : step.LogitRows[row].Token;

    private bool TryDequantise(RoleMemory memory, in ExecutionPoint point, Dequantise instruction)
    {
        _first = memory.View(point, instruction.Source); // [R, C]
        _destination = memory.View(point, instruction.Destination); // f32 [R, C]
        if (_destination.IsEmpty)
            return true;
        if (!SameShape(_first, _destination) || _first.Format.Element == ElementType.I32)
            return false;
        Run(point, static (k, i) => k._first.Dequantise(k._first.Rows.Start + i, Row(k._destination, i)));
        return true;
    }

    private bool TryAppend(RoleMemory memory, in ExecutionPoint point, KvAppend instruction)
    {
        _first = memory.View(point, instruction.Source); // f32 [tokens, heads · d]
        _destination = memory.View(point, instruction.Cache); // [heads · 64, d] of page 0
        if (_first.IsEmpty || _destination.IsEmpty)
            return true;
        int pages = memory.Pages(point, instruction.Cache, out _pageBytes);
        int d = instruction.HeadDimension;
        if (
            _destination.Columns != new AxisRange(0, d)
            || _first.Columns.Count != _destination.Rows.Count / Envelope.PageSize * d
            || _destination.Format.Granularity == ScaleGranularity.Tensor
        )
            return false;
        Step step = point.Step;
        for (int token = _first.Rows.Start; token < _first.Rows.End; token++)
        {
            if ((uint)PageOf(step, step.Tokens[token]) >= (uint)pages)
                return false;
        }
        Run(
            point,
            _first.Rows.Count,
            static (k, i) =>
            {
                TokenRow token = k._point.Step.Tokens[k._first.Rows.Start + i];
                MatrixView page = k._destination.Offset(PageOf(k._point.Step, token) * k._pageBytes);
                ReadOnlySpan<float> values = Row(k._first, i);
                int d = page.Columns.Count;
                for (int head = 0; head * d < values.Length; head++)
                {
                    int slot = page.Rows.Start + head * Envelope.PageSize + token.Position % Envelope.PageSize;
                    TensorCodec.QuantiseRow(page.Layout, values.Slice(head * d, d), page.Bytes, page.Local(slot));
                }
            }
        );
        return true;
    }

    private static int PageOf(Step step, in TokenRow token) => step.Sequences[token.Sequence].Pages[token.Position / Envelope.PageSize];

    /// <summary>Whole pages of all layers: each is one piece of memory, and a page may be copied on by the next copy of the list, so that they go in turn.</summary>
    private static bool TryCopyPages(RoleMemory memory, in ExecutionPoint point, PageCopy instruction)
    {
        TapeBuffer buffer = point.Role.Buffers[point.Role.Descriptors[instruction.Cache].Buffer];
        // A memory that the tiles share is copied once, not once for every tile.
        if (!RoleMemory.IsPerTile(buffer.Space) && point.Tile > 0)
            return true;
        foreach (PageCopyRow copy in point.Step.PageCopies)
        {
            for (int layer = 0; layer < buffer.Stack0; layer++)
                memory.Matrix(point, buffer, layer, copy.From).CopyTo(memory.Matrix(point, buffer, layer, copy.To));
        }
        return true;
    }

    /// <summary>One number a token, each into a row of its own: there is nothing to vectorise.</summary>
    private static bool TakeIdentifiers(RoleMemory memory, in ExecutionPoint point, HostIn instruction)
    {
        MatrixView destination = memory.View(point, instruction.Destination); // i32 [tokens, 1]
        if (destination.IsEmpty)
            return true;
        for (int row = destination.Rows.Start; row < destination.Rows.End; row++)
            destination.Integers(row)[0] = point.Step.Tokens[row].Id;
        return true;
    }

    /// <summary>Rows of logits are pieces of memory; of identifiers there is one a row.</summary>
    private static bool HandOver(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, HostOut instruction)
    {
        MatrixView source = memory.View(point, instruction.Source); // f32 [logits rows, C] or i32 [logits rows, 1]
        if (source.IsEmpty)
            return true;
        int vocabulary = point.Role.Descriptors[instruction.Source].Columns.Total.Evaluate(point.Step.Sizes);
        for (int row = source.Rows.Start; row < source.Rows.End; row++)
        {
            if (instruction.Data == HostData.Logits)
                machine.Output.SetLogits(row, vocabulary, source.Columns.Start, source.Floats(row));
            else
                machine.Output.SetTokenId(row, source.Integers(row)[0]);
        }
        return true;
    }
}
