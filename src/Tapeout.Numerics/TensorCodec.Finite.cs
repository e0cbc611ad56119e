using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tapeout.Numerics;

/// <content>Whether planes hold NaN or infinities.</content>
public static partial class TensorCodec
{
    /// <summary>
    /// True if all floating-point numbers of a packed tensor are finite: the elements of a float format, the scales and minima of a quantised one (whose
    /// codes always are).
    /// </summary>
    /// <param name="layout">The layout.</param>
    /// <param name="bytes">The planes.</param>
    public static bool AreFinite(in TensorLayout layout, ReadOnlySpan<byte> bytes)
    {
        NumberFormat format = layout.Format;
        if (format.IsFloat)
            return AreFinite(format.Element, bytes[..(int)((long)layout.Rows * layout.RowBytes)]);
        if (!format.IsQuantised)
            return true;
        long count = format.Granularity == ScaleGranularity.Tensor ? 1 : (long)layout.Rows * layout.Groups;
        int length = (int)(count * (format.ScaleType == ElementType.F32 ? 4 : 2));
        return AreFinite(format.ScaleType, bytes.Slice((int)layout.ScalesAt, length))
            && (format.Offset != OffsetKind.Minimum || AreFinite(format.ScaleType, bytes.Slice((int)layout.OffsetsAt, length)));
    }

    /// <summary>True if no value is NaN or infinite.</summary>
    public static bool AreFinite(ReadOnlySpan<float> values) => AreBelow(MemoryMarshal.Cast<float, uint>(values), 0x7f800000u);

    /// <summary>As the other overload, for a plane of one float type.</summary>
    public static bool AreFinite(ElementType type, ReadOnlySpan<byte> plane)
    {
        if (type == ElementType.F32)
            return AreBelow(MemoryMarshal.Cast<byte, uint>(plane), 0x7f800000u);
        return AreBelow(MemoryMarshal.Cast<byte, ushort>(plane), (ushort)(type == ElementType.F16 ? 0x7c00 : 0x7f80));
    }

    /// <summary>True if no element has all bits of <paramref name="exponent"/>.</summary>
    private static bool AreBelow<T>(ReadOnlySpan<T> values, T exponent)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        Vector512<T> mask = Vector512.Create(exponent);
        int i = 0;
        for (; i + Vector512<T>.Count <= values.Length; i += Vector512<T>.Count)
        {
            if (Vector512.EqualsAny(Vector512.Create(values[i..]) & mask, mask))
                return false;
        }
        for (; i < values.Length; i++)
        {
            if ((values[i] & exponent) == exponent)
                return false;
        }
        return true;
    }
}
