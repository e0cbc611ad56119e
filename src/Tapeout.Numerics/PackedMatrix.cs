namespace Tapeout.Numerics;

/// <summary>
/// A packed tensor, or the slice of its columns that one tile holds, as an operand of a product: weights [output channels, K] or
/// activations [tokens, K]. Borrows the bytes.
/// </summary>
public readonly ref struct PackedMatrix
{
    /// <summary>A matrix over <paramref name="bytes"/>.</summary>
    /// <param name="layout">The layout of what is held locally.</param>
    /// <param name="bytes">At least <see cref="TensorLayout.Bytes"/> bytes.</param>
    /// <param name="columnStart">The k of local column 0: a multiple of the format's group size, or of 32 without groups.</param>
    public PackedMatrix(TensorLayout layout, ReadOnlySpan<byte> bytes, int columnStart = 0)
    {
        if (bytes.Length < layout.Bytes)
            throw new ArgumentException($"The matrix takes {layout.Bytes} bytes, {bytes.Length} were given.", nameof(bytes));
        int multiple = layout.Format.GroupSize == 0 ? ReductionPlan.DefaultBlock : layout.Format.GroupSize;
        if (columnStart < 0 || columnStart % multiple != 0)
            throw new ArgumentOutOfRangeException(nameof(columnStart), columnStart, $"A slice starts on a multiple of {multiple} columns.");
        Layout = layout;
        Bytes = bytes;
        ColumnStart = columnStart;
    }

    /// <summary>A matrix of <paramref name="rows"/> × <paramref name="columns"/> over <paramref name="bytes"/>.</summary>
    public PackedMatrix(NumberFormat format, int rows, int columns, ReadOnlySpan<byte> bytes, int columnStart = 0)
        : this(new TensorLayout(format, rows, columns), bytes, columnStart) { }

    /// <summary>Where the planes of the local part lie.</summary>
    public TensorLayout Layout { get; }

    /// <summary>The packed bytes.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>The k of local column 0.</summary>
    public int ColumnStart { get; }

    /// <summary>The format of the elements.</summary>
    public NumberFormat Format => Layout.Format;

    /// <summary>Throws unless rows and global columns lie inside what is held.</summary>
    internal void Require(int row, int rowCount, int kFirst, int kCount)
    {
        if (row < 0 || rowCount < 0 || row + (long)rowCount > Layout.Rows)
            throw new ArgumentOutOfRangeException(
                nameof(row),
                row,
                $"The matrix has {Layout.Rows} rows; {rowCount} from {row} were asked for."
            );
        if (kCount < 0 || kFirst < ColumnStart || kFirst + (long)kCount > ColumnStart + (long)Layout.Columns)
            throw new ArgumentOutOfRangeException(
                nameof(kFirst),
                kFirst,
                $"The matrix holds k {ColumnStart} to {ColumnStart + Layout.Columns}; {kCount} from {kFirst} were asked for."
            );
    }
}
