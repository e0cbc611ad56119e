using Tapeout.Models.Importers;
using Tapeout.Models.Importers.GgufBlocks;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Models;

/// <summary>
/// A named weight: a matrix of <see cref="Rows"/> output channels × <see cref="Columns"/> inputs (the axis that is summed over), a vector
/// (one row), or <see cref="Count"/> stacked matrices of a mixture of experts. The numbers stay in the file until they are asked for, or are
/// drawn when they are.
/// </summary>
public sealed class WeightTensor
{
    private readonly ByteSource? _source;
    private readonly BlockFormat? _format;
    private readonly long _offset;
    private readonly RandomWeights? _random;

    private WeightTensor(string name, int rows, int columns, int count, ByteSource? source, BlockFormat? format, long offset)
    {
        Name = name;
        Rows = rows;
        Columns = columns;
        Count = count;
        _source = source;
        _format = format;
        _offset = offset;
    }

    internal WeightTensor(GgufTensor tensor, ByteSource source)
        : this(tensor.Name, tensor.Rows, tensor.Columns, tensor.Count, source, tensor.Format, tensor.Offset) { }

    /// <summary>A tensor of which only the shape is known.</summary>
    public WeightTensor(string name, int rows, int columns, int count = 1)
        : this(name, rows, columns, count, null, null, 0) { }

    private WeightTensor(string name, int rows, int columns, int count, RandomWeights random)
        : this(name, rows, columns, count, null, null, 0) => _random = random;

    /// <summary>The name as in the file: <c>blk.0.attn_q.weight</c>.</summary>
    public string Name { get; }

    /// <summary>Rows of one matrix; 1 for vectors.</summary>
    public int Rows { get; }

    /// <summary>Elements of a row.</summary>
    public int Columns { get; }

    /// <summary>Stacked matrices; 1 for plain weights.</summary>
    public int Count { get; }

    /// <summary>All elements, of all stacked matrices.</summary>
    public long Elements => (long)Rows * Columns * Count;

    /// <summary>The type in the file (F32, Q4_1 …); "random" if the numbers are drawn, "none" without data.</summary>
    public string StorageType => _format?.Name ?? (IsRandom ? "random" : "none");

    /// <summary>Bytes in the file; 0 without data.</summary>
    public long StorageBytes => _format is null ? 0 : Elements / _format.Elements * _format.Bytes;

    /// <summary>The format that holds exactly the numbers of the file, or null if there is none (K, IQ and fp4 types).</summary>
    public NumberFormat? NativeFormat => _format?.Native;

    /// <summary>False for a shape without numbers.</summary>
    public bool HasData => _source is not null || IsRandom;

    /// <summary>True if the numbers are drawn from a seed.</summary>
    public bool IsRandom => _random is not null;

    /// <summary>This shape with numbers drawn from <paramref name="seed"/>.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="drawn">Called with the number of weights drawn, from whatever thread draws; null for none.</param>
    internal WeightTensor WithRandomNumbers(ulong seed, Action<long>? drawn) =>
        new(Name, Rows, Columns, Count, new RandomWeights(seed, Name, 0, Rows == 1, drawn));

    /// <summary>Matrix <paramref name="index"/> of a stack, as a tensor of its own named <c>name[index]</c>.</summary>
    public WeightTensor Slice(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        if (Count == 1)
            return this;
        if (_random is not null)
            return new($"{Name}[{index}]", Rows, Columns, 1, _random with { Matrix = index });
        long bytes = _format is null ? 0 : (long)Rows * (Columns / _format.Elements) * _format.Bytes;
        return new($"{Name}[{index}]", Rows, Columns, 1, _source, _format, _offset + index * bytes);
    }

    /// <summary>
    /// Writes rows <paramref name="rowFirst"/> … as float32 [rowCount, Columns]: exactly the values that ggml's de-quantiser gives, or those drawn.
    /// </summary>
    /// <exception cref="InvalidOperationException">A shape without numbers, or a stack (take a <see cref="Slice"/>).</exception>
    public void Dequantise(int rowFirst, int rowCount, Span<float> destination)
    {
        CheckRows(rowFirst, rowCount);
        if (destination.Length < (long)rowCount * Columns)
            throw new ArgumentException($"{Name}: {rowCount} rows of {Columns} do not fit in {destination.Length} elements.");
        for (int r = 0; r < rowCount; r++)
        {
            Span<float> row = destination.Slice(r * Columns, Columns);
            if (_random is not null)
                _random.Fill(rowFirst + r, row);
            else
                _format!.Decode(Row(_format, rowFirst + r), row);
        }
    }

    /// <summary>
    /// Writes rows <paramref name="rowFirst"/> … in <see cref="NativeFormat"/>, laid out as <c>new TensorLayout(NativeFormat, rowCount,
    /// Columns)</c>, without changing a number.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no native format, no data, or a stack (take a <see cref="Slice"/>).</exception>
    /// <exception cref="InvalidInputException">The file holds a code that its type does not have.</exception>
    public void Repack(int rowFirst, int rowCount, Span<byte> destination)
    {
        CheckRows(rowFirst, rowCount);
        NumberFormat native =
            NativeFormat ?? throw new InvalidOperationException($"{Name} is {StorageType}, which no format of the chip holds exactly.");
        BlockFormat format = _format!;
        TensorLayout layout = new(native, rowCount, Columns);
        if (destination.Length < layout.Bytes)
            throw new ArgumentException($"{Name}: {layout.Bytes} bytes do not fit in {destination.Length}.");
        int scaleBytes = 2 * layout.Groups;
        // Padding between planes is zero, so that equal tensors have equal bytes.
        ClearPadding(layout, destination);
        for (int r = 0; r < rowCount; r++)
        {
            ReadOnlySpan<byte> blocks = Row(format, rowFirst + r);
            Span<byte> codes = destination.Slice(r * layout.RowBytes, layout.RowBytes);
            if (format.Repack is null)
            {
                blocks.CopyTo(codes);
                continue;
            }
            Span<byte> scales = destination.Slice((int)layout.ScalesAt + r * scaleBytes, scaleBytes);
            Span<byte> minima =
                native.Offset == OffsetKind.Minimum ? destination.Slice((int)layout.OffsetsAt + r * scaleBytes, scaleBytes) : default;
            if (!format.Repack(blocks, codes, scales, minima))
            {
                throw new InvalidInputException(
                    $"{_source!.Name}: row {rowFirst + r} of {Printable.Quote(Name)} holds a code that {format.Name} does not have; the file is "
                        + "damaged, fetch it again."
                );
            }
        }
    }

    /// <summary>The name, shape and type.</summary>
    public override string ToString() =>
        Count == 1 ? $"{Name} [{Rows}, {Columns}] {StorageType}" : $"{Name} [{Count}, {Rows}, {Columns}] {StorageType}";

    /// <summary>Says that the numbers will not be read soon: the file's bytes need not stay in memory.</summary>
    public void Release() => _source?.Release(_offset, StorageBytes);

    /// <summary>Feeds the bytes of the whole tensor to <paramref name="read"/>, at most 4 MiB at a time.</summary>
    internal void ReadBytes(Action<ReadOnlySpan<byte>> read)
    {
        const int Chunk = 1 << 22;
        for (long at = 0, left = StorageBytes; left > 0; at += Chunk, left -= Chunk)
            read(_source!.Slice(_offset + at, (int)Math.Min(Chunk, left)));
    }

    private static void ClearPadding(TensorLayout layout, Span<byte> destination)
    {
        long scales = (long)layout.Rows * layout.Groups * 2;
        long codesEnd = (long)layout.Rows * layout.RowBytes;
        destination[(int)codesEnd..(int)layout.ScalesAt].Clear();
        destination[(int)(layout.ScalesAt + scales)..(int)layout.OffsetsAt].Clear();
        long minimaEnd = layout.OffsetsAt + (layout.Format.Offset == OffsetKind.Minimum ? scales : 0);
        destination[(int)minimaEnd..(int)layout.Bytes].Clear();
    }

    private ReadOnlySpan<byte> Row(BlockFormat format, int row)
    {
        int bytes = checked(Columns / format.Elements * format.Bytes);
        return _source!.Slice(_offset + (long)row * bytes, bytes);
    }

    private void CheckRows(int rowFirst, int rowCount)
    {
        if (!HasData)
            throw new InvalidOperationException($"{Name} is a shape without numbers.");
        if (Count != 1)
            throw new InvalidOperationException($"{Name} is a stack of {Count} matrices; take a slice.");
        ArgumentOutOfRangeException.ThrowIfNegative(rowFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(rowCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)rowFirst + rowCount, Rows);
    }
}
