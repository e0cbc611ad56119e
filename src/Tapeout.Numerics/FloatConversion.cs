using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tapeout.Numerics;

/// <summary>
/// Conversion between binary32 and the two 16-bit floats: round to nearest even, subnormals kept, overflow to infinity. Every NaN becomes
/// the one NaN pattern of the target (0x7E00, 0x7FC0, 0x7FC00000).
/// </summary>
public static class FloatConversion
{
    /// <summary>The one NaN pattern of binary32.</summary>
    public const uint NaNBits = 0x7FC00000;

    /// <summary>The one NaN of the instruction set, <see cref="NaNBits"/>.</summary>
    public static float NaN => BitConverter.UInt32BitsToSingle(NaNBits);

    /// <summary>The binary16 nearest to <paramref name="value"/>, as bits.</summary>
    public static ushort ToF16(float value) => float.IsNaN(value) ? (ushort)0x7E00 : BitConverter.HalfToUInt16Bits((Half)value);

    /// <summary>As <see cref="ToF16(float)"/>, for each value.</summary>
    public static void ToF16(ReadOnlySpan<float> values, Span<ushort> halves)
    {
        int i = 0;
        for (; i + 16 <= values.Length; i += 16)
        {
            Vector256<uint> low = ToF16(Vector256.Create(values[i..]).AsUInt32());
            Vector256<uint> high = ToF16(Vector256.Create(values[(i + 8)..]).AsUInt32());
            Vector256.Narrow(low, high).CopyTo(halves[i..]);
        }
        for (; i < values.Length; i++)
            halves[i] = ToF16(values[i]);
    }

    /// <summary>
    /// The bits of eight floats as those of binary16 in the lower halves. Normal results: 2¹²·ulp − 1 and the last kept bit are added, so that half-way cases
    /// go to even. Subnormal ones: a float is added whose last bit weighs as much as theirs, so that the addition rounds.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> ToF16(Vector256<uint> bits)
    {
        unchecked
        {
            Vector256<uint> magnitude = bits & Vector256.Create(0x7FFFFFFFu);
            Vector256<uint> odd = (magnitude >> 13) & Vector256<uint>.One;
            Vector256<uint> normal = (magnitude + Vector256.Create((uint)((15 - 127) << 23) + 0xFFF) + odd) >> 13;
            Vector256<float> half = Vector256.Create(0.5f);
            Vector256<uint> subnormal = (magnitude.AsSingle() + half).AsUInt32() - half.AsUInt32();
            Vector256<uint> huge = Vector256.ConditionalSelect(
                Vector256.GreaterThan(magnitude, Vector256.Create(0x7F800000u)),
                Vector256.Create(0x7E00u),
                Vector256.Create(0x7C00u)
            );
            Vector256<uint> sign = Vector256.AndNot(
                (bits >> 16) & Vector256.Create(0x8000u),
                Vector256.GreaterThan(magnitude, Vector256.Create(0x7F800000u))
            );
            Vector256<uint> result = Vector256.ConditionalSelect(
                Vector256.LessThan(magnitude, Vector256.Create(0x38800000u)),
                subnormal,
                normal
            );
            // From 65,520 on the nearest is infinity.
            return Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(0x477FF000u)), result, huge) | sign;
        }
    }

    /// <summary>The value of binary16 bits; exact. The rebiasing is one exact multiplication by 2¹¹², which also normalises subnormals.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromF16(ushort bits)
    {
        uint magnitude = bits & 0x7FFFu;
        uint sign = (uint)(bits & 0x8000) << 16;
        if (magnitude >= 0x7C00)
            return BitConverter.UInt32BitsToSingle(magnitude == 0x7C00 ? sign | 0x7F800000 : NaNBits);
        float scaled = BitConverter.UInt32BitsToSingle(magnitude << 13) * 5.192296858534828e33f;
        return BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(scaled) | sign);
    }

    /// <summary>The bfloat16 nearest to <paramref name="value"/>, as bits.</summary>
    public static ushort ToBF16(float value)
    {
        if (float.IsNaN(value))
            return 0x7FC0;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        // Adding just under half a unit, plus one more when the kept part is odd, carries exactly when nearest-even rounds up.
        return (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }

    /// <summary>The value of bfloat16 bits; exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromBF16(ushort bits) => (bits & 0x7FFF) > 0x7F80 ? NaN : BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>
    /// <paramref name="value"/> as a scale or minimum of type <paramref name="type"/> (F32, F16, BF16) can hold it: nearest even, overflow
    /// limited to the largest finite value of the type.
    /// </summary>
    public static float RoundTo(ElementType type, float value)
    {
        float rounded = type switch
        {
            ElementType.F16 => FromF16(ToF16(value)),
            ElementType.BF16 => FromBF16(ToBF16(value)),
            _ => value,
        };
        if (!float.IsInfinity(rounded) || float.IsInfinity(value))
            return rounded;
        float largest = type == ElementType.F16 ? 65504f : BitConverter.UInt32BitsToSingle(0x7F7F0000);
        return value > 0 ? largest : -largest;
    }
}
