using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Fast;

/// <summary>
/// Copies of rows: instructions that move bytes have no arithmetic, so that their vector form is to copy codes, scales and offsets each as one piece.
/// </summary>
internal static unsafe class RowCopy
{
    /// <summary>As <see cref="MatrixView.CopyRow"/>: the columns of one row, with their scales and offsets.</summary>
    public static void Copy(in MatrixView source, int sourceRow, in MatrixView destination, int destinationRow)
    {
        NumberFormat format = source.Format;
        long bits = format.ElementBits;
        int fromColumn = source.Columns.Start - source.ColumnStart;
        int toColumn = destination.Columns.Start - destination.ColumnStart;
        int columns = source.Columns.Count;
        // Codes that share a byte with a neighbour, and scales that are NaN, which the definition writes as the one NaN, are not copied as they are.
        if (
            (fromColumn * bits | toColumn * bits | columns * bits) % 8 != 0
            || !TryCopyParameters(source, sourceRow, destination, destinationRow)
        )
        {
            MatrixView.CopyRow(source, sourceRow, destination, destinationRow);
            return;
        }
        byte* from = source.First + (long)source.Local(sourceRow) * source.Layout.RowBytes + fromColumn * bits / 8;
        byte* to = destination.First + (long)destination.Local(destinationRow) * destination.Layout.RowBytes + toColumn * bits / 8;
        long bytes = columns * bits / 8;
        Buffer.MemoryCopy(from, to, bytes, bytes);
    }

    private static bool TryCopyParameters(in MatrixView source, int sourceRow, in MatrixView destination, int destinationRow)
    {
        NumberFormat format = source.Format;
        if (!format.IsQuantised)
            return true;
        if (format.Granularity == ScaleGranularity.Tensor)
            return false;
        int size = format.Granularity == ScaleGranularity.Group ? format.GroupSize : int.MaxValue;
        int fromColumn = source.Columns.Start - source.ColumnStart;
        int fromGroup = fromColumn / size;
        int groups = (fromColumn + source.Columns.Count - 1) / size - fromGroup + 1;
        long from = (long)source.Local(sourceRow) * source.Layout.Groups + fromGroup;
        long to =
            (long)destination.Local(destinationRow) * destination.Layout.Groups
            + (destination.Columns.Start - destination.ColumnStart) / size;
        int bytes = format.ScaleType == ElementType.F32 ? 4 : 2;
        if (
            !TryCopy(
                format.ScaleType,
                source.First + source.Layout.ScalesAt + from * bytes,
                destination.First + destination.Layout.ScalesAt + to * bytes,
                groups
            )
        )
            return false;
        switch (format.Offset)
        {
            case OffsetKind.Minimum:
                return TryCopy(
                    format.ScaleType,
                    source.First + source.Layout.OffsetsAt + from * bytes,
                    destination.First + destination.Layout.OffsetsAt + to * bytes,
                    groups
                );
            case OffsetKind.ZeroPoint:
                Buffer.MemoryCopy(
                    source.First + source.Layout.OffsetsAt + from,
                    destination.First + destination.Layout.OffsetsAt + to,
                    groups,
                    groups
                );
                return true;
            default:
                return true;
        }
    }

    private static bool TryCopy(ElementType type, byte* from, byte* to, int count)
    {
        ReadOnlySpan<byte> plane = new(from, count * (type == ElementType.F32 ? 4 : 2));
        if (type != ElementType.F32 && !TensorCodec.AreFinite(type, plane))
            return false;
        plane.CopyTo(new(to, plane.Length));
        return true;
    }
}
