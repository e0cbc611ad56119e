namespace Tapeout.Numerics;

/// <summary>
/// Where the planes of a packed tensor lie: codes row by row (each row starts on a byte; the low bits of a byte hold the lower column),
/// then scales [rows, groups], then offsets [rows, groups] (a byte each for zero points, the scale type for minima). A per-tensor scale
/// is one value. Every plane starts on a multiple of four bytes. All numbers are little-endian.
/// </summary>
public readonly record struct TensorLayout
{
    /// <summary>The layout of <paramref name="rows"/> × <paramref name="columns"/> elements.</summary>
    public TensorLayout(NumberFormat format, int rows, int columns)
    {
        Format = format;
        Rows = rows;
        Columns = columns;
        RowBytes = checked((int)(((long)columns * format.ElementBits + 7) / 8));
        Groups = format.GroupsPerRow(columns);
        long scales = format.Granularity == ScaleGranularity.Tensor ? 1 : (long)rows * Groups;
        int scaleBytes = new NumberFormat(format.ScaleType).ElementBits / 8;
        int offsetBytes = format.Offset switch
        {
            OffsetKind.ZeroPoint => 1,
            OffsetKind.Minimum => scaleBytes,
            _ => 0,
        };
        ScalesAt = Align((long)rows * RowBytes);
        OffsetsAt = Align(ScalesAt + scales * scaleBytes);
        Bytes = Align(OffsetsAt + scales * offsetBytes);
    }

    /// <summary>The format of the elements.</summary>
    public NumberFormat Format { get; }

    /// <summary>Rows: output channels, tokens.</summary>
    public int Rows { get; }

    /// <summary>Columns: the axis that is summed over.</summary>
    public int Columns { get; }

    /// <summary>Bytes of the codes of a row.</summary>
    public int RowBytes { get; }

    /// <summary>Scales per row; 0 for per-tensor scales and plain formats.</summary>
    public int Groups { get; }

    /// <summary>Byte offset of the scales.</summary>
    public long ScalesAt { get; }

    /// <summary>Byte offset of zero points or minima.</summary>
    public long OffsetsAt { get; }

    /// <summary>Bytes of the whole tensor.</summary>
    public long Bytes { get; }

    private static long Align(long offset) => (offset + 3) & ~3L;
}
