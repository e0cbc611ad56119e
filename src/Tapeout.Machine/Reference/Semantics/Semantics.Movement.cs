using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Machine.Reference;

/// <content>Movement of data.</content>
internal sealed partial class Semantics
{
    public Nothing Visit(Copy instruction)
    {
        MatrixView source = View(instruction.Source); // [R, C]
        MatrixView destination = View(instruction.Destination); // [R, C]
        CopyWhole(source, destination);
        return default;
    }

    public Nothing Visit(Gather instruction)
    {
        MatrixView table = View(instruction.Table); // [V, C] or [tokens, C]
        MatrixView destination = View(instruction.Destination); // f32 [R, C]
        if (destination.IsEmpty)
            return default;
        if (table.Columns.Count != destination.Columns.Count)
            throw Fault($"the table has {table.Columns.Count} columns and the destination {destination.Columns.Count}");
        for (int row = destination.Rows.Start; row < destination.Rows.End; row++)
        {
            int from = instruction.Ids >= 0 ? View(instruction.Ids).Integers(row)[0] : Step.LogitRows[row].Token;
            if (from < table.Rows.Start || from >= table.Rows.End)
            {
                throw new InvalidInputException(
                    instruction.Rows == RowSource.TokenIds
                        ? $"Token {row} of the step has the identifier {from}, but the embedding table has rows {table.Rows.Start} to {table.Rows.End - 1}: use the model's own tokenizer."
                        : $"Logits row {row} of the step names token {from}, but the activations have rows {table.Rows.Start} to {table.Rows.End - 1}."
                );
            }
            table.Dequantise(from, destination.Floats(row));
        }
        return default;
    }

    public Nothing Visit(KvAppend instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [tokens, heads · d]
        MatrixView cache = View(instruction.Cache); // [heads · 64, d] of each page
        int d = instruction.HeadDimension;
        int heads = cache.Rows.Count / Envelope.PageSize;
        if (source.IsEmpty || cache.IsEmpty)
            return default;
        if (source.Columns.Count != heads * d || cache.Columns.Count != d)
            throw Fault($"{source.Columns.Count} columns are not {heads} heads of {d}");
        for (int token = source.Rows.Start; token < source.Rows.End; token++)
        {
            TokenRow row = Step.Tokens[token];
            int number = Step.Sequences[row.Sequence].Pages[row.Position / Envelope.PageSize];
            MatrixView page = View(instruction.Cache, number);
            ReadOnlySpan<float> values = source.Floats(token);
            for (int head = 0; head < heads; head++)
            {
                int slot = page.Rows.Start + head * Envelope.PageSize + row.Position % Envelope.PageSize;
                Numerics.TensorCodec.QuantiseRow(page.Layout, values.Slice(head * d, d), page.Bytes, page.Local(slot));
            }
        }
        return default;
    }

    public Nothing Visit(PageCopy instruction)
    {
        TapeBuffer buffer = point.Role.Buffers[point.Role.Descriptors[instruction.Cache].Buffer];
        // A memory that the tiles share is copied once, not once for every tile.
        if (!RoleMemory.IsPerTile(buffer.Space) && point.Tile > 0)
            return default;
        foreach (PageCopyRow copy in Step.PageCopies)
        {
            for (int layer = 0; layer < buffer.Stack0; layer++)
                memory.Matrix(point, buffer, layer, copy.From).CopyTo(memory.Matrix(point, buffer, layer, copy.To));
        }
        return default;
    }

    private void CopyWhole(in MatrixView source, in MatrixView destination)
    {
        RequireFormat(source, destination);
        if (source.IsEmpty && destination.IsEmpty)
            return;
        RequireShape(source, destination);
        MatrixView.Copy(source, destination);
    }
}
