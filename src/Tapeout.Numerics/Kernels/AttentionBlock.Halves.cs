using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Tapeout.Numerics.Kernels.Emitted;

namespace Tapeout.Numerics.Kernels;

/// <content>Blocks of numbers of 16 bits, left as they are.</content>
public sealed unsafe partial class AttentionBlock
{
    /// <summary>
    /// Reads a block of f16 or bf16 without widening it; false if it is of another format, or holds infinities or NaN, which the code from C# does not
    /// widen (machine code does, so that nothing is looked for there: +20 % tokens/s at a depth of 5,000 together with <c>Prefetch1</c>).
    /// </summary>
    private bool TryReadHalves(
        in PackedMatrix keys,
        byte* keyBytes,
        int keyRow,
        in PackedMatrix values,
        byte* valueBytes,
        int valueRow,
        int from,
        int to,
        bool machineCode
    )
    {
        ElementType element = keys.Format.Element;
        if (element is not (ElementType.F16 or ElementType.BF16) || values.Format.Element != element)
            return false;
        nint keyStride = keys.Layout.RowBytes;
        nint valueStride = values.Layout.RowBytes;
        byte* key = keyBytes + (keyRow + from) * keyStride - keys.ColumnStart * sizeof(ushort);
        byte* value = valueBytes + (valueRow + from) * valueStride - values.ColumnStart * sizeof(ushort);
        int count = to - from + 1;
        // Heads of whole vectors are used where they lie.
        bool direct = HeadDimension == _padded && keyStride == _padded * sizeof(ushort) && valueStride == keyStride;
        ushort* rows = (ushort*)_rows + (nint)from * _padded;
        ushort* kept = (ushort*)_values + (nint)from * _padded;
        for (nint p = 0; !direct && p < count; p++)
        {
            Unsafe.CopyBlockUnaligned(rows + p * _padded, key + p * keyStride, (uint)HeadDimension * sizeof(ushort));
            Unsafe.CopyBlockUnaligned(kept + p * _padded, value + p * valueStride, (uint)HeadDimension * sizeof(ushort));
            // What lies behind the last element is of a block read before, and may look infinite.
            for (int k = HeadDimension; k < _padded; k++)
                rows[p * _padded + k] = kept[p * _padded + k] = 0;
        }
        if (direct)
        {
            rows = (ushort*)key;
            kept = (ushort*)value;
        }
        int bytes = count * _padded * sizeof(ushort);
        bool widensAll = machineCode && MachineCode.IsAvailable;
        if (!widensAll && (!TensorCodec.AreFinite(element, new(rows, bytes)) || !TensorCodec.AreFinite(element, new(kept, bytes))))
            return false;
        rows -= (nint)from * _padded;
        _valueRows = (byte*)(kept - (nint)from * _padded);
        for (int p = from & ~7; p <= to; p += 8)
        {
            Ask(LinesPerStep);
            int k = 0;
            for (; Avx512BW.IsSupported && k + 32 <= _padded; k += 32)
                TransposeFourSquares(rows + (nint)p * _padded + k, _padded, (ushort*)_keys + (nint)k * Positions + p);
            for (; k < _padded; k += 8)
                TransposeSquare(rows + (nint)p * _padded + k, _padded, (ushort*)_keys + (nint)k * Positions + p);
        }
        _element = element;
        return true;
    }

    /// <summary>target[k, p] = source[p, k] for eight p by 32 k: a square in each quarter of a vector.</summary>
    private static void TransposeFourSquares(ushort* source, nint stride, ushort* target)
    {
        Vector512<ushort> r0 = Vector512.Load(source);
        Vector512<ushort> r1 = Vector512.Load(source + stride);
        Vector512<ushort> r2 = Vector512.Load(source + 2 * stride);
        Vector512<ushort> r3 = Vector512.Load(source + 3 * stride);
        Vector512<ushort> r4 = Vector512.Load(source + 4 * stride);
        Vector512<ushort> r5 = Vector512.Load(source + 5 * stride);
        Vector512<ushort> r6 = Vector512.Load(source + 6 * stride);
        Vector512<ushort> r7 = Vector512.Load(source + 7 * stride);
        Vector512<ushort> t0 = Avx512BW.UnpackLow(r0, r4);
        Vector512<ushort> t1 = Avx512BW.UnpackHigh(r0, r4);
        Vector512<ushort> t2 = Avx512BW.UnpackLow(r1, r5);
        Vector512<ushort> t3 = Avx512BW.UnpackHigh(r1, r5);
        Vector512<ushort> t4 = Avx512BW.UnpackLow(r2, r6);
        Vector512<ushort> t5 = Avx512BW.UnpackHigh(r2, r6);
        Vector512<ushort> t6 = Avx512BW.UnpackLow(r3, r7);
        Vector512<ushort> t7 = Avx512BW.UnpackHigh(r3, r7);
        r0 = Avx512BW.UnpackLow(t0, t4);
        r1 = Avx512BW.UnpackHigh(t0, t4);
        r2 = Avx512BW.UnpackLow(t1, t5);
        r3 = Avx512BW.UnpackHigh(t1, t5);
        r4 = Avx512BW.UnpackLow(t2, t6);
        r5 = Avx512BW.UnpackHigh(t2, t6);
        r6 = Avx512BW.UnpackLow(t3, t7);
        r7 = Avx512BW.UnpackHigh(t3, t7);
        StoreQuarters(Avx512BW.UnpackLow(r0, r4), target);
        StoreQuarters(Avx512BW.UnpackHigh(r0, r4), target + Positions);
        StoreQuarters(Avx512BW.UnpackLow(r1, r5), target + 2 * Positions);
        StoreQuarters(Avx512BW.UnpackHigh(r1, r5), target + 3 * Positions);
        StoreQuarters(Avx512BW.UnpackLow(r2, r6), target + 4 * Positions);
        StoreQuarters(Avx512BW.UnpackHigh(r2, r6), target + 5 * Positions);
        StoreQuarters(Avx512BW.UnpackLow(r3, r7), target + 6 * Positions);
        StoreQuarters(Avx512BW.UnpackHigh(r3, r7), target + 7 * Positions);
    }

    /// <summary>Eight positions of k, k + 8, k + 16 and k + 24.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreQuarters(Vector512<ushort> quarters, ushort* target)
    {
        quarters.GetLower().GetLower().Store(target);
        quarters.GetLower().GetUpper().Store(target + 8 * Positions);
        quarters.GetUpper().GetLower().Store(target + 16 * Positions);
        quarters.GetUpper().GetUpper().Store(target + 24 * Positions);
    }

    /// <summary>target[k, p] = source[p, k] for eight by eight, three times by zipping what lies four, two and one rows apart.</summary>
    private static void TransposeSquare(ushort* source, nint stride, ushort* target)
    {
        Vector128<ushort> r0 = Vector128.Load(source);
        Vector128<ushort> r1 = Vector128.Load(source + stride);
        Vector128<ushort> r2 = Vector128.Load(source + 2 * stride);
        Vector128<ushort> r3 = Vector128.Load(source + 3 * stride);
        Vector128<ushort> r4 = Vector128.Load(source + 4 * stride);
        Vector128<ushort> r5 = Vector128.Load(source + 5 * stride);
        Vector128<ushort> r6 = Vector128.Load(source + 6 * stride);
        Vector128<ushort> r7 = Vector128.Load(source + 7 * stride);
        Vector128<ushort> t0 = ZipLow(r0, r4);
        Vector128<ushort> t1 = ZipHigh(r0, r4);
        Vector128<ushort> t2 = ZipLow(r1, r5);
        Vector128<ushort> t3 = ZipHigh(r1, r5);
        Vector128<ushort> t4 = ZipLow(r2, r6);
        Vector128<ushort> t5 = ZipHigh(r2, r6);
        Vector128<ushort> t6 = ZipLow(r3, r7);
        Vector128<ushort> t7 = ZipHigh(r3, r7);
        r0 = ZipLow(t0, t4);
        r1 = ZipHigh(t0, t4);
        r2 = ZipLow(t1, t5);
        r3 = ZipHigh(t1, t5);
        r4 = ZipLow(t2, t6);
        r5 = ZipHigh(t2, t6);
        r6 = ZipLow(t3, t7);
        r7 = ZipHigh(t3, t7);
        ZipLow(r0, r4).Store(target);
        ZipHigh(r0, r4).Store(target + Positions);
        ZipLow(r1, r5).Store(target + 2 * Positions);
        ZipHigh(r1, r5).Store(target + 3 * Positions);
        ZipLow(r2, r6).Store(target + 4 * Positions);
        ZipHigh(r2, r6).Store(target + 5 * Positions);
        ZipLow(r3, r7).Store(target + 6 * Positions);
        ZipHigh(r3, r7).Store(target + 7 * Positions);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> ZipLow(Vector128<ushort> a, Vector128<ushort> b)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackLow(a, b);
        return AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> ZipHigh(Vector128<ushort> a, Vector128<ushort> b)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackHigh(a, b);
        return AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b) : Vector128.Create(a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7]);
    }
}
