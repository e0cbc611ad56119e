using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tapeout.Numerics;

/// <content>Reading and writing of single codes, scales and offsets, and of runs of codes.</content>
public static partial class TensorCodec
{
    /// <summary>
    /// The code of one element as the integer it stands for: I8 −128…127, I4 −8…7, U4 0…15, ternary −1…1, binary −1 or 1.
    /// </summary>
    public static int ReadCode(in TensorLayout layout, ReadOnlySpan<byte> packed, int row, int column)
    {
        ReadOnlySpan<byte> codes = packed.Slice(checked(row * layout.RowBytes), layout.RowBytes);
        return layout.Format.Element switch
        {
            ElementType.I8 => unchecked((sbyte)codes[column]),
            ElementType.I4 => (codes[column >> 1] >> ((column & 1) * 4) & 15) - 8,
            ElementType.U4 => codes[column >> 1] >> ((column & 1) * 4) & 15,
            ElementType.Ternary => (codes[column >> 2] >> ((column & 3) * 2) & 3) - 1,
            ElementType.Binary => (codes[column >> 3] >> (column & 7) & 1) * 2 - 1,
            _ => throw new ArgumentException($"{layout.Format} has no integer codes.", nameof(layout)),
        };
    }

    /// <summary>Writes the code of one element; the inverse of <see cref="ReadCode"/>. Neighbours in the byte are kept.</summary>
    public static void WriteCode(in TensorLayout layout, Span<byte> packed, int row, int column, int code)
    {
        Span<byte> codes = packed.Slice(checked(row * layout.RowBytes), layout.RowBytes);
        switch (layout.Format.Element)
        {
            case ElementType.I8:
                codes[column] = unchecked((byte)checked((sbyte)code));
                break;
            case ElementType.I4:
                Insert(ref codes[column >> 1], (column & 1) * 4, 15, code + 8);
                break;
            case ElementType.U4:
                Insert(ref codes[column >> 1], (column & 1) * 4, 15, code);
                break;
            case ElementType.Ternary:
                if (code > 1)
                    throw new ArgumentOutOfRangeException(nameof(code), code, "A ternary code is −1, 0 or 1.");
                Insert(ref codes[column >> 2], (column & 3) * 2, 3, code + 1);
                break;
            case ElementType.Binary:
                Insert(ref codes[column >> 3], column & 7, 1, (code + 1) >> 1);
                break;
            default:
                throw new ArgumentException($"{layout.Format} has no integer codes.", nameof(layout));
        }
    }

    /// <summary>The scale of a group of a row (both 0 for a per-tensor scale; group 0 for a per-row scale).</summary>
    public static float ReadScale(in TensorLayout layout, ReadOnlySpan<byte> packed, int row, int group) =>
        ReadFloat(layout.Format.ScaleType, packed[(int)layout.ScalesAt..], ParameterIndex(layout, row, group));

    /// <summary>Writes a scale, rounded to the scale type.</summary>
    public static void WriteScale(in TensorLayout layout, Span<byte> packed, int row, int group, float scale) =>
        WriteFloat(layout.Format.ScaleType, packed[(int)layout.ScalesAt..], ParameterIndex(layout, row, group), scale);

    /// <summary>The integer zero point of a group of a row, 0…255.</summary>
    public static int ReadZeroPoint(in TensorLayout layout, ReadOnlySpan<byte> packed, int row, int group) =>
        packed[(int)layout.OffsetsAt + ParameterIndex(layout, row, group)];

    /// <summary>Writes an integer zero point, 0…255 (checkpoints of other makers use 16).</summary>
    public static void WriteZeroPoint(in TensorLayout layout, Span<byte> packed, int row, int group, int zero) =>
        packed[(int)layout.OffsetsAt + ParameterIndex(layout, row, group)] = checked((byte)zero);

    /// <summary>The float minimum of a group of a row.</summary>
    public static float ReadMinimum(in TensorLayout layout, ReadOnlySpan<byte> packed, int row, int group) =>
        ReadFloat(layout.Format.ScaleType, packed[(int)layout.OffsetsAt..], ParameterIndex(layout, row, group));

    /// <summary>Writes a float minimum, rounded to the scale type.</summary>
    public static void WriteMinimum(in TensorLayout layout, Span<byte> packed, int row, int group, float minimum) =>
        WriteFloat(layout.Format.ScaleType, packed[(int)layout.OffsetsAt..], ParameterIndex(layout, row, group), minimum);

    /// <summary>
    /// Unpacks the codes of one row from <paramref name="columnFirst"/>, as many as <paramref name="codes"/> holds, as the integers of
    /// <see cref="ReadCode"/>.
    /// </summary>
    public static unsafe void UnpackCodes(in TensorLayout layout, ReadOnlySpan<byte> packed, int row, int columnFirst, Span<sbyte> codes)
    {
        CheckRow(layout, packed.Length, row, columnFirst, codes.Length);
        if (!layout.Format.IsQuantised)
            throw new ArgumentException($"{layout.Format} has no integer codes.", nameof(layout));
        fixed (byte* bytes = packed)
        fixed (sbyte* target = codes)
            UnpackCodes(layout.Format.Element, bytes + (nint)row * layout.RowBytes, columnFirst, codes.Length, target);
    }

    /// <summary>Packs the codes of one whole row: the inverse of <see cref="UnpackCodes(in TensorLayout, ReadOnlySpan{byte}, int, int, Span{sbyte})"/>.</summary>
    public static void PackCodes(in TensorLayout layout, ReadOnlySpan<sbyte> codes, Span<byte> packed, int row)
    {
        Span<byte> bytes = packed.Slice(checked(row * layout.RowBytes), layout.RowBytes);
        if (layout.Format.Element == ElementType.I8)
        {
            MemoryMarshal.AsBytes(codes).CopyTo(bytes);
            return;
        }
        (int perByte, int bias) = layout.Format.Element switch
        {
            ElementType.I4 => (2, 8),
            ElementType.U4 => (2, 0),
            ElementType.Ternary => (4, 1),
            ElementType.Binary => (8, 1),
            _ => throw new ArgumentException($"{layout.Format} has no integer codes.", nameof(layout)),
        };
        int width = 8 / perByte;
        int drop = layout.Format.Element == ElementType.Binary ? 1 : 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            int value = 0;
            int end = Math.Min(perByte, codes.Length - i * perByte);
            for (int j = 0; j < end; j++)
                value |= ((codes[i * perByte + j] + bias) >> drop) << (j * width);
            bytes[i] = (byte)value;
        }
    }

    /// <summary>The column's group: the index of its scale in the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int ParameterIndex(in TensorLayout layout, int row, int group) =>
        layout.Format.Granularity == ScaleGranularity.Tensor ? 0 : checked(row * layout.Groups + group);

    /// <summary>Value <paramref name="index"/> of a plane of scales or minima.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe float ReadFloat(ElementType type, byte* plane, nint index) =>
        type == ElementType.F32 ? ((float*)plane)[index]
        : type == ElementType.F16 ? FloatConversion.FromF16(((ushort*)plane)[index])
        : FloatConversion.FromBF16(((ushort*)plane)[index]);

    /// <summary>Unpacks <paramref name="count"/> codes from column <paramref name="first"/> of the row at <paramref name="codes"/>.</summary>
    internal static unsafe void UnpackCodes(ElementType element, byte* codes, int first, int count, sbyte* target)
    {
        unchecked
        {
            switch (element)
            {
                case ElementType.I8:
                    Unsafe.CopyBlockUnaligned(target, codes + first, (uint)count);
                    break;
                case ElementType.I4:
                    UnpackNibbles(codes, first, count, target, 8);
                    break;
                case ElementType.U4:
                    UnpackNibbles(codes, first, count, target, 0);
                    break;
                case ElementType.Ternary:
                    UnpackTernary(codes, first, count, target);
                    break;
                default:
                    UnpackBinary(codes, first, count, target);
                    break;
            }
        }
    }

    /// <summary>De-quantises <paramref name="count"/> columns of one row. The caller has checked the ranges.</summary>
    internal static unsafe void DequantiseSegment(in TensorLayout layout, byte* bytes, int row, int first, int count, float* target)
    {
        byte* codes = bytes + (nint)row * layout.RowBytes;
        switch (layout.Format.Element)
        {
            case ElementType.F32:
                Unsafe.CopyBlockUnaligned(target, (float*)codes + first, (uint)count * sizeof(float));
                return;
            case ElementType.F16:
                FromF16((ushort*)codes + first, count, target);
                return;
            case ElementType.BF16:
                FromBF16((ushort*)codes + first, count, target);
                return;
        }
        const int Chunk = 512;
        sbyte* integers = stackalloc sbyte[Chunk];
        int size = layout.Format.Granularity == ScaleGranularity.Group ? layout.Format.GroupSize : int.MaxValue;
        for (int done = 0; done < count; )
        {
            int column = first + done;
            int group = column / size;
            int length = Math.Min(Math.Min(Chunk, count - done), (int)Math.Min((group + 1L) * size - column, int.MaxValue));
            UnpackCodes(layout.Format.Element, codes, column, length, integers);
            int parameter = ParameterIndex(layout, row, group);
            float scale = ReadFloat(layout.Format.ScaleType, bytes + layout.ScalesAt, parameter);
            float* values = target + done;
            int zero = layout.Format.Offset == OffsetKind.ZeroPoint ? bytes[layout.OffsetsAt + parameter] : 0;
            if (layout.Format.Offset == OffsetKind.Minimum)
                Scale(integers, length, scale, ReadFloat(layout.Format.ScaleType, bytes + layout.OffsetsAt, parameter), values);
            else
                Scale(integers, length, zero, scale, values);
            done += length;
        }
    }

    // Each lane below takes one IEEE operation after another, as the tails do: the same bits at any width. Together these loops take float folds with
    // quantised weights from 0.9 to 1.6 GMAC/s (512 × 1536, one thread).

    internal static unsafe void Scale(sbyte* codes, int count, int zero, float scale, float* values)
    {
        int i = 0;
        Vector256<int> zeros = Vector256.Create(zero);
        Vector256<float> scales = Vector256.Create(scale);
        for (; i + 16 <= count; i += 16)
        {
            (Vector256<int> low, Vector256<int> high) = Widen(codes + i);
            (Vector256.ConvertToSingle(low - zeros) * scales).Store(values + i);
            (Vector256.ConvertToSingle(high - zeros) * scales).Store(values + i + 8);
        }
        for (; i < count; i++)
            values[i] = (codes[i] - zero) * scale;
    }

    internal static unsafe void Scale(sbyte* codes, int count, float scale, float minimum, float* values)
    {
        int i = 0;
        Vector256<float> scales = Vector256.Create(scale);
        Vector256<float> minima = Vector256.Create(minimum);
        for (; i + 16 <= count; i += 16)
        {
            (Vector256<int> low, Vector256<int> high) = Widen(codes + i);
            Vector256<float> first = Vector256.ConvertToSingle(low) * scales;
            Vector256<float> second = Vector256.ConvertToSingle(high) * scales;
            (first + minima).Store(values + i);
            (second + minima).Store(values + i + 8);
        }
        for (; i < count; i++)
        {
            float product = codes[i] * scale;
            values[i] = product + minimum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe (Vector256<int> Low, Vector256<int> High) Widen(sbyte* codes)
    {
        (Vector128<short> low, Vector128<short> high) = Vector128.Widen(Vector128.Load(codes));
        return Vector256.Widen(Vector256.Create(low, high));
    }

    /// <summary>As <see cref="FloatConversion.FromF16"/>, 16 at a time: attention over a KV cache of f16 converts more than it multiplies.</summary>
    internal static unsafe void FromF16(ushort* codes, int count, float* values)
    {
        int i = 0;
        for (; i + 16 <= count; i += 16)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(codes + i));
            FromF16(low).Store(values + i);
            FromF16(high).Store(values + i + 8);
        }
        for (; i < count; i++)
            values[i] = FloatConversion.FromF16(codes[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> FromF16(Vector256<uint> bits)
    {
        Vector256<uint> infinity = Vector256.Create(0x7C00u);
        Vector256<uint> magnitude = bits & Vector256.Create(0x7FFFu);
        Vector256<uint> sign = (bits & Vector256.Create(0x8000u)) << 16;
        Vector256<float> finite = (magnitude << 13).AsSingle() * Vector256.Create(5.192296858534828e33f);
        Vector256<uint> value = finite.AsUInt32() | sign;
        value = Vector256.ConditionalSelect(Vector256.Equals(magnitude, infinity), sign | Vector256.Create(0x7F800000u), value);
        Vector256<uint> isNaN = Vector256.GreaterThan(magnitude.AsInt32(), infinity.AsInt32()).AsUInt32();
        return Vector256.ConditionalSelect(isNaN, Vector256.Create(FloatConversion.NaNBits), value).AsSingle();
    }

    internal static unsafe void FromBF16(ushort* codes, int count, float* values)
    {
        int i = 0;
        Vector256<float> nan = Vector256.Create(FloatConversion.NaN);
        for (; i + 16 <= count; i += 16)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(codes + i));
            Vector256<float> first = Vector256.ShiftLeft(low, 16).AsSingle();
            Vector256<float> second = Vector256.ShiftLeft(high, 16).AsSingle();
            Vector256.ConditionalSelect(Vector256.Equals(first, first), first, nan).Store(values + i);
            Vector256.ConditionalSelect(Vector256.Equals(second, second), second, nan).Store(values + i + 8);
        }
        for (; i < count; i++)
            values[i] = FloatConversion.FromBF16(codes[i]);
    }

    private static unsafe void UnpackTernary(byte* codes, int first, int count, sbyte* target)
    {
        unchecked
        {
            int i = 0;
            if ((first & 3) == 0)
            {
                byte* source = codes + (first >> 2);
                // Four codes of a byte spread over a word; adding 127 and flipping the top bit subtracts 1 from every byte without borrows.
                for (; i + 4 <= count; i += 4)
                {
                    uint four = source[i >> 2];
                    four = (four & 3) | (four & 12) << 6 | (four & 48) << 12 | (four & 192) << 18;
                    Unsafe.WriteUnaligned(target + i, (four + 0x7F7F7F7F) ^ 0x80808080);
                }
            }
            for (; i < count; i++)
                target[i] = (sbyte)((codes[(first + i) >> 2] >> (((first + i) & 3) * 2) & 3) - 1);
        }
    }

    private static unsafe void UnpackBinary(byte* codes, int first, int count, sbyte* target)
    {
        unchecked
        {
            int i = 0;
            if ((first & 7) == 0)
            {
                byte* source = codes + (first >> 3);
                // Bit j kept in byte j, made 0 or 2 there, then 1 subtracted from every byte without borrows.
                for (; i + 8 <= count; i += 8)
                {
                    ulong eight = (source[i >> 3] * 0x0101010101010101UL) & 0x8040201008040201UL;
                    eight = ((eight + 0x7F7F7F7F7F7F7F7FUL) >> 7 & 0x0101010101010101UL) * 2;
                    Unsafe.WriteUnaligned(target + i, (eight + 0x7F7F7F7F7F7F7F7FUL) ^ 0x8080808080808080UL);
                }
            }
            for (; i < count; i++)
                target[i] = (sbyte)((codes[(first + i) >> 3] >> ((first + i) & 7) & 1) * 2 - 1);
        }
    }

    private static unsafe void UnpackNibbles(byte* codes, int first, int count, sbyte* target, int bias)
    {
        unchecked
        {
            int i = 0;
            if ((first & 1) == 0)
            {
                byte* source = codes + (first >> 1);
                Vector128<byte> mask = Vector128.Create((byte)15);
                Vector128<sbyte> offset = Vector128.Create((sbyte)bias);
                // 32 codes a step: the low and high nibbles of 16 bytes, interleaved.
                for (; i + 32 <= count; i += 32)
                {
                    Vector128<byte> pair = Vector128.Load(source + (i >> 1));
                    Vector128<byte> low = pair & mask;
                    Vector128<byte> high = Vector128.ShiftRightLogical(pair, 4);
                    (Vector128<ushort> lowA, Vector128<ushort> lowB) = Vector128.Widen(low);
                    (Vector128<ushort> highA, Vector128<ushort> highB) = Vector128.Widen(high);
                    ((lowA | Vector128.ShiftLeft(highA, 8)).AsSByte() - offset).Store(target + i);
                    ((lowB | Vector128.ShiftLeft(highB, 8)).AsSByte() - offset).Store(target + i + 16);
                }
            }
            for (; i < count; i++)
                target[i] = (sbyte)((codes[(first + i) >> 1] >> (((first + i) & 1) * 4) & 15) - bias);
        }
    }

    private static void Insert(ref byte target, int shift, int mask, int code)
    {
        if ((uint)code > (uint)mask)
            throw new ArgumentOutOfRangeException(nameof(code), code, "The code is outside the element's range.");
        target = (byte)((target & ~(mask << shift)) | code << shift);
    }

    private static unsafe float ReadFloat(ElementType type, ReadOnlySpan<byte> plane, int index)
    {
        plane = plane.Slice(index * (type == ElementType.F32 ? 4 : 2), type == ElementType.F32 ? 4 : 2);
        fixed (byte* bytes = plane)
            return ReadFloat(type, bytes, 0);
    }

    private static void WriteFloat(ElementType type, Span<byte> plane, int index, float value)
    {
        if (type == ElementType.F32)
            MemoryMarshal.Write(plane.Slice(index * 4, 4), value);
        else
            MemoryMarshal.Write(
                plane.Slice(index * 2, 2),
                type == ElementType.F16 ? FloatConversion.ToF16(value) : FloatConversion.ToBF16(value)
            );
    }
}
