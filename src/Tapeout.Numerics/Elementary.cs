using System.Runtime.CompilerServices;

namespace Tapeout.Numerics;

/// <summary>
/// The elementary functions of the instruction set, in binary32. Each is a fixed sequence of IEEE 754 additions, subtractions, multiplications,
/// divisions, fused multiply-adds and integer operations, with selections in place of branches, so that a vector unit and a
/// circuit give the same bits. Subnormals are kept; every NaN result is 0x7FC00000. Worst errors are in docs/isa/elementary.md.
/// <para>
/// Polynomials are weighted least-squares fits on 80 Chebyshev nodes, reweighted twelve times towards the minimax error (Lawson's
/// iteration), in 60-digit decimal arithmetic; coefficients are rounded to binary32 from the lowest up and the rest fitted again after each.
/// The weight makes the residual relative to the function.
/// </para>
/// </summary>
public static partial class Elementary
{
    /// <summary>1.5 · 2²³: adding and subtracting it rounds a magnitude below 2²² to the nearest integer, ties to even.</summary>
    private const float RoundingShift = 12582912f;

    /// <summary>ln 2 in two parts; the first has nine trailing zero bits, so that its products with exponents are exact.</summary>
    private const float Ln2High = 0.693359375f;

    private const float Ln2Low = -2.12194442e-4f;

    private const float Log2E = 1.44269502f;

    /// <summary>
    /// eˣ. NaN → NaN, −∞ and below about −103.97 → +0 (subnormal results are kept), above about 88.7228 → +∞.
    /// </summary>
    /// <remarks>
    /// n = rne(x · log₂e), r = x − n · ln 2 kept in two parts; eʳ = 1 + r + r² · P(r) with P of degree 4, summed with the rounding error
    /// of 1 + r; two multiplications by powers of two, of which only the last can round.
    /// </remarks>
    public static float Exp(float x)
    {
        // Beyond these ends the result is 0 or ∞ anyway and the exponent still fits two factors.
        float t = x < -104f ? -104f : x;
        t = t > 89f ? 89f : t;
        t = float.IsNaN(x) ? 0f : t;
        float shifted = MathF.FusedMultiplyAdd(t, Log2E, RoundingShift);
        float n = shifted - RoundingShift;
        float high = MathF.FusedMultiplyAdd(-n, Ln2High, t);
        float r = MathF.FusedMultiplyAdd(-n, Ln2Low, high);
        float rest = MathF.FusedMultiplyAdd(-n, Ln2Low, high - r);
        float p = 0.00138232135f;
        p = MathF.FusedMultiplyAdd(p, r, 0.00836882368f);
        p = MathF.FusedMultiplyAdd(p, r, 0.04166824f);
        p = MathF.FusedMultiplyAdd(p, r, 0.166665196f);
        p = MathF.FusedMultiplyAdd(p, r, 0.49999994f);
        float one = 1f + r;
        float lost = (1f - one) + r;
        float value = one + (lost + MathF.FusedMultiplyAdd(r * r, p, rest));
        int exponent = (int)n;
        int half = exponent >> 1;
        value = value * PowerOfTwo(half) * PowerOfTwo(exponent - half);
        return float.IsNaN(x) ? FloatConversion.NaN : value;
    }

    /// <summary>
    /// ln x. ±0 → −∞, negative → NaN, +∞ → +∞, NaN → NaN; subnormals are taken at their value.
    /// </summary>
    /// <remarks>
    /// x = 2ᵉ · (1 + f), √½ ≤ 1 + f &lt; √2; ln(1 + f) = f − f²/2 + f³ · P(f) with P of degree 8; e · ln 2 + f is summed with its rounding error.
    /// </remarks>
    public static float Log(float x)
    {
        bool subnormal = x < 1.17549435e-38f;
        float scaled = subnormal ? x * 8388608f : x;
        int bits = BitConverter.SingleToInt32Bits(scaled);
        // Subtracting the bits of √½ puts the border between two exponents at √½ instead of at 1.
        int above = unchecked(bits - 0x3F3504F3);
        int exponent = above >> 23;
        float f = BitConverter.Int32BitsToSingle(unchecked(bits - (exponent << 23))) - 1f;
        float e = exponent - (subnormal ? 23 : 0);
        float square = f * f;
        float p = 0.0671542883f;
        p = MathF.FusedMultiplyAdd(p, f, -0.116534755f);
        p = MathF.FusedMultiplyAdd(p, f, 0.118905343f);
        p = MathF.FusedMultiplyAdd(p, f, -0.124099739f);
        p = MathF.FusedMultiplyAdd(p, f, 0.142199099f);
        p = MathF.FusedMultiplyAdd(p, f, -0.166677222f);
        p = MathF.FusedMultiplyAdd(p, f, 0.200020805f);
        p = MathF.FusedMultiplyAdd(p, f, -0.250000149f);
        p = MathF.FusedMultiplyAdd(p, f, 0.333333135f);
        float tail = MathF.FusedMultiplyAdd(square * f, p, e * Ln2Low);
        tail = MathF.FusedMultiplyAdd(square, -0.5f, tail);
        float big = e * Ln2High;
        float sum = big + f;
        float value = sum + (((big - sum) + f) + tail);
        value = x == float.PositiveInfinity ? x : value;
        value = x == 0f ? float.NegativeInfinity : value;
        return x >= 0f ? value : FloatConversion.NaN;
    }

    /// <summary>1 / x by one IEEE division. ±0 → ±∞, ±∞ → ±0, NaN → NaN.</summary>
    public static float Reciprocal(float x) => float.IsNaN(x) ? FloatConversion.NaN : 1f / x;

    /// <summary>1 / √x. +0 → +∞, −0 → −∞, negative → NaN, +∞ → +0, NaN → NaN; subnormals are taken at their value.</summary>
    /// <remarks>
    /// x = 4ᵏ · m, 1 ≤ m &lt; 4. A linear guess in the bits of m (an integer subtraction) is good to 3.5 %; three Newton steps
    /// y ← y + y/2 · (1 − m · y²), the last with the rounding error of m · y restored, leave little more than the final rounding.
    /// </remarks>
    public static float ReciprocalSquareRoot(float x)
    {
        bool subnormal = x < 1.17549435e-38f;
        float scaled = subnormal ? x * 16777216f : x;
        int bits = BitConverter.SingleToInt32Bits(scaled);
        int exponent = (bits >> 23) - 127;
        int odd = exponent & 1;
        float m = BitConverter.Int32BitsToSingle((bits & 0x007FFFFF) | (127 + odd) << 23);
        int quarter = (exponent - odd >> 1) - (subnormal ? 12 : 0);
        float y = BitConverter.Int32BitsToSingle(0x5F3759DF - (BitConverter.SingleToInt32Bits(m) >> 1));
        y = MathF.FusedMultiplyAdd(0.5f * y, MathF.FusedMultiplyAdd(-(m * y), y, 1f), y);
        y = MathF.FusedMultiplyAdd(0.5f * y, MathF.FusedMultiplyAdd(-(m * y), y, 1f), y);
        float product = m * y;
        float lost = MathF.FusedMultiplyAdd(m, y, -product);
        float residual = MathF.FusedMultiplyAdd(-lost, y, MathF.FusedMultiplyAdd(-product, y, 1f));
        y = MathF.FusedMultiplyAdd(0.5f * y, residual, y);
        float value = y * PowerOfTwo(-quarter);
        value = x == float.PositiveInfinity ? 0f : value;
        value = x == 0f ? 1f / x : value;
        return x >= 0f ? value : FloatConversion.NaN;
    }

    /// <summary>2ⁿ for −126 ≤ n ≤ 127, from its bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float PowerOfTwo(int n) => BitConverter.Int32BitsToSingle((n + 127) << 23);
}
