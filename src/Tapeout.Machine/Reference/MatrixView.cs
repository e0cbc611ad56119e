using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine.Reference;

/// <summary>
/// A region of a matrix in memory. Rows and columns are the tensor's own (global) numbers; the view subtracts the first row and column that
/// the tile holds. Made by the machine after it has checked that the region lies inside its buffer and memory.
/// </summary>
/// <param name="layout">The layout of the matrix that is held.</param>
/// <param name="bytes">Its first byte.</param>
/// <param name="rowStart">The global number of local row 0.</param>
/// <param name="columnStart">The global number of local column 0.</param>
/// <param name="rows">The rows of the region.</param>
/// <param name="columns">The columns of the region.</param>
internal readonly unsafe struct MatrixView(
    TensorLayout layout,
    byte* bytes,
    int rowStart,
    int columnStart,
    AxisRange rows,
    AxisRange columns
)
{
    private readonly TensorLayout _layout = layout;
    private readonly byte* _bytes = bytes;

    public TensorLayout Layout => _layout;

    public NumberFormat Format => _layout.Format;

    public AxisRange Rows { get; } = rows;

    public AxisRange Columns { get; } = columns;

    public int RowStart { get; } = rowStart;

    public int ColumnStart { get; } = columnStart;

    public bool IsEmpty => Rows.Count == 0 || Columns.Count == 0;

    /// <summary>The first byte of the held matrix.</summary>
    public byte* First => _bytes;

    public Span<byte> Bytes => new(_bytes, checked((int)_layout.Bytes));

    /// <summary>True if the held matrices share bytes.</summary>
    public bool Overlaps(in MatrixView other) => _bytes < other._bytes + other._layout.Bytes && other._bytes < _bytes + _layout.Bytes;

    /// <summary>The held matrix as an operand of a product: its k are global, its rows local (<see cref="Local"/>).</summary>
    public PackedMatrix Packed => new(_layout, Bytes, ColumnStart);

    /// <summary>The local number of a row.</summary>
    public int Local(int row) => row - RowStart;

    /// <summary>The region's columns of a row of float32.</summary>
    public Span<float> Floats(int row)
    {
        Require(row, ElementType.F32);
        return new((float*)(_bytes + (long)Local(row) * _layout.RowBytes) + (Columns.Start - ColumnStart), Columns.Count);
    }

    /// <summary>The region's columns of a row of int32.</summary>
    public Span<int> Integers(int row)
    {
        Require(row, ElementType.I32);
        return new((int*)(_bytes + (long)Local(row) * _layout.RowBytes) + (Columns.Start - ColumnStart), Columns.Count);
    }

    /// <summary>The region's columns of a row, de-quantised.</summary>
    public void Dequantise(int row, Span<float> destination) =>
        TensorCodec.DequantiseRow(_layout, Bytes, Local(row), Columns.Start - ColumnStart, destination[..Columns.Count]);

    /// <summary>The same matrix, another region of it.</summary>
    public MatrixView At(AxisRange rows, AxisRange columns) => new(_layout, _bytes, RowStart, ColumnStart, rows, columns);

    /// <summary>The same region of a matrix that lies <paramref name="bytes"/> further on.</summary>
    public MatrixView Offset(long bytes) => new(_layout, _bytes + bytes, RowStart, ColumnStart, Rows, Columns);

    /// <summary>A whole matrix that lies in no buffer, from global row and column 0.</summary>
    public static MatrixView Over(TensorLayout layout, byte* bytes) =>
        new(layout, bytes, 0, 0, new(0, layout.Rows), new(0, layout.Columns));

    /// <summary>
    /// Copies a region with its scales and offsets to a region of the same shape and format: row i to row i, column j to column j of the
    /// regions. Columns start on a group of the format.
    /// </summary>
    public static void Copy(in MatrixView source, in MatrixView destination)
    {
        for (int i = 0; i < source.Rows.Count; i++)
            CopyRow(source, source.Rows.Start + i, destination, destination.Rows.Start + i);
    }

    /// <summary>Copies the region's columns of one row, with their scales and offsets.</summary>
    public static void CopyRow(in MatrixView source, int sourceRow, in MatrixView destination, int destinationRow)
    {
        NumberFormat format = source.Format;
        int from = source.Local(sourceRow);
        int to = destination.Local(destinationRow);
        int fromColumn = source.Columns.Start - source.ColumnStart;
        int toColumn = destination.Columns.Start - destination.ColumnStart;
        int count = source.Columns.Count;
        int bits = format.ElementBits;
        int whole = 0;
        if ((long)fromColumn * bits % 8 == 0 && (long)toColumn * bits % 8 == 0)
        {
            int bytes = (int)((long)count * bits / 8);
            new ReadOnlySpan<byte>(source._bytes + (long)from * source._layout.RowBytes + (long)fromColumn * bits / 8, bytes).CopyTo(
                new Span<byte>(destination._bytes + (long)to * destination._layout.RowBytes + (long)toColumn * bits / 8, bytes)
            );
            whole = (int)((long)bytes * 8 / bits);
        }
        for (int column = whole; column < count; column++)
        {
            int code = TensorCodec.ReadCode(source._layout, source.Bytes, from, fromColumn + column);
            TensorCodec.WriteCode(destination._layout, destination.Bytes, to, toColumn + column, code);
        }
        if (!format.IsQuantised || count == 0)
            return;
        int size = format.Granularity == ScaleGranularity.Group ? format.GroupSize : int.MaxValue;
        int fromGroup = fromColumn / size;
        int toGroup = toColumn / size;
        int groups = format.Granularity == ScaleGranularity.Group ? (fromColumn + count - 1) / size - fromGroup + 1 : 1;
        for (int group = 0; group < groups; group++)
        {
            float scale = TensorCodec.ReadScale(source._layout, source.Bytes, from, fromGroup + group);
            TensorCodec.WriteScale(destination._layout, destination.Bytes, to, toGroup + group, scale);
            if (format.Offset == OffsetKind.ZeroPoint)
            {
                int zero = TensorCodec.ReadZeroPoint(source._layout, source.Bytes, from, fromGroup + group);
                TensorCodec.WriteZeroPoint(destination._layout, destination.Bytes, to, toGroup + group, zero);
            }
            else if (format.Offset == OffsetKind.Minimum)
            {
                float minimum = TensorCodec.ReadMinimum(source._layout, source.Bytes, from, fromGroup + group);
                TensorCodec.WriteMinimum(destination._layout, destination.Bytes, to, toGroup + group, minimum);
            }
        }
    }

    private void Require(int row, ElementType element)
    {
        if (Format.Element != element)
            throw new InvalidOperationException($"The operand is {Format}, not {new NumberFormat(element)}.");
        if (row < Rows.Start || row >= Rows.End)
            throw new InvalidOperationException($"Row {row} is not in the operand's rows {Rows.Start} to {Rows.End}.");
    }
}
