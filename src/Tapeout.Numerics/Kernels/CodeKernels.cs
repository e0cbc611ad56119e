using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tapeout.Numerics.Kernels;

/// <summary>How the unsigned codes of a quad are taken out of the bytes of a unit; 8 rows of 4 k.</summary>
internal interface IUnitCodes
{
    /// <summary>Quads of a unit: 1, 2 or 4.</summary>
    static abstract int Quads { get; }

    /// <summary>True if two products of a code with an int8 fit an int16, and those of 32 k of a row as well.</summary>
    static abstract bool PairsFitInt16 { get; }

    /// <summary>The codes of quad <paramref name="quad"/>, which is a constant where this is inlined.</summary>
    static abstract Vector256<byte> Quad(Vector256<byte> unit, int quad);
}

/// <summary>int8: a byte a code.</summary>
internal readonly struct ByteCodes : IUnitCodes
{
    public static int Quads => 1;

    public static bool PairsFitInt16 => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Quad(Vector256<byte> unit, int quad) => unit;
}

/// <summary>int4: the first quad in low nibbles, the second in high ones.</summary>
internal readonly struct NibbleCodes : IUnitCodes
{
    public static int Quads => 2;

    public static bool PairsFitInt16 => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Quad(Vector256<byte> unit, int quad) =>
        quad == 0 ? unit & Vector256.Create((byte)15) : (unit.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)15);
}

/// <summary>Ternary and binary: four quads in pairs of bits, from the lowest.</summary>
internal readonly struct PairCodes : IUnitCodes
{
    public static int Quads => 4;

    public static bool PairsFitInt16 => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Quad(Vector256<byte> unit, int quad) =>
        quad switch
        {
            0 => unit & Vector256.Create((byte)3),
            1 => (unit.AsUInt16() >>> 2).AsByte() & Vector256.Create((byte)3),
            2 => (unit.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)3),
            _ => (unit.AsUInt16() >>> 6).AsByte() & Vector256.Create((byte)3),
        };
}

/// <summary>How eight or sixteen scales, minima or weights are read as float32.</summary>
internal interface IParameters
{
    static abstract int Bytes { get; }

    static abstract unsafe Vector256<float> Load(byte* eight);

    static abstract unsafe Vector512<float> LoadSixteen(byte* sixteen);
}

/// <summary>float32 scales.</summary>
internal readonly struct SingleParameters : IParameters
{
    public static int Bytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<float> Load(byte* eight) => Vector256.Load((float*)eight);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector512<float> LoadSixteen(byte* sixteen) => Vector512.Load((float*)sixteen);
}

/// <summary>Finite binary16 scales: (h &amp; 0x7fff) · 2¹³ as bits, times 2¹¹², with h's sign, is exact for normals and subnormals.</summary>
internal readonly struct HalfParameters : IParameters
{
    public static int Bytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<float> Load(byte* eight)
    {
        Vector256<int> wide = CodeKernels.Widen((ushort*)eight);
        Vector256<float> magnitude = ((wide & Vector256.Create(0x7fff)) << 13).AsSingle() * Vector256.Create(5.192296858534828e33f);
        return magnitude | ((wide & Vector256.Create(0x8000)) << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector512<float> LoadSixteen(byte* sixteen)
    {
        if (!Avx512F.IsSupported)
            return Vector512.Create(Load(sixteen), Load(sixteen + 16));
        // Widened with its sign, h fills the bits above exponent and mantissa with it; of those one is kept.
        Vector512<int> wide = Avx512F.ConvertToVector512Int32(Vector256.Load((short*)sixteen));
        return ((wide << 13) & Vector512.Create(unchecked((int)0x8fffe000))).AsSingle() * Vector512.Create(5.192296858534828e33f);
    }
}

/// <summary>Finite bfloat16 scales: the upper half of a float32.</summary>
internal readonly struct BrainParameters : IParameters
{
    public static int Bytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<float> Load(byte* eight) => (CodeKernels.Widen((ushort*)eight) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector512<float> LoadSixteen(byte* sixteen) =>
        Avx512F.IsSupported
            ? (Avx512F.ConvertToVector512Int32(Vector256.Load((ushort*)sixteen)) << 16).AsSingle()
            : Vector512.Create(Load(sixteen), Load(sixteen + 16));
}

/// <summary>Operations that the kernels of integer products share.</summary>
internal static class CodeKernels
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<int> Widen(ushort* eight)
    {
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int32(eight);
        Vector128<ushort> narrow = Vector128.Load(eight);
        return Vector256.Create(Vector128.WidenLower(narrow), Vector128.WidenUpper(narrow)).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<int> Widen(byte* eight)
    {
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int32(eight);
        Vector128<ushort> narrow = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)eight).AsByte());
        return Vector256.Create(Vector128.WidenLower(narrow), Vector128.WidenUpper(narrow)).AsInt32();
    }

    /// <summary>sum + Σ of the four products of each 32-bit lane, unsigned codes times signed ones: exact modulo 2³².</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotAdd<TCodes>(Vector256<int> sum, Vector256<byte> codes, Vector256<sbyte> x)
        where TCodes : struct, IUnitCodes
    {
        // One instruction for what takes three to eight below.
        if (AvxVnni.IsSupported)
            return AvxVnni.MultiplyWideningAndAdd(sum, codes, x);
        if (Avx2.IsSupported)
        {
            if (TCodes.PairsFitInt16)
                return sum + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(codes, x), Vector256.Create((short)1));
            Vector256<short> even = (codes.AsUInt16() & Vector256.Create((ushort)0xff)).AsInt16();
            Vector256<short> odd = (codes.AsUInt16() >>> 8).AsInt16();
            sum += Avx2.MultiplyAddAdjacent(even, (x.AsInt16() << 8) >> 8);
            return sum + Avx2.MultiplyAddAdjacent(odd, x.AsInt16() >> 8);
        }
        Vector256<int> c = codes.AsInt32();
        Vector256<int> y = x.AsInt32();
        Vector256<int> low = Vector256.Create(0xff);
        sum += (c & low) * ((y << 24) >> 24);
        sum += ((c >>> 8) & low) * ((y << 16) >> 24);
        sum += ((c >>> 16) & low) * ((y << 8) >> 24);
        return sum + (c >>> 24) * (y >> 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<sbyte> Broadcast(sbyte* four) => Vector256.Create(*(int*)four).AsSByte();
}
