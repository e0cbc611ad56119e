using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tapeout.Numerics.Kernels;

/// <summary>
/// The functions of <see cref="Elementary"/> for 16 values at a time: each lane takes the same IEEE operations in the same order, so every result has the
/// scalar function's bits.
/// </summary>
internal static class VectorElementary
{
    private const float RoundingShift = 12582912f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194442e-4f;
    private const float Log2E = 1.44269502f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x) => Canonical(x, ExpOfNumbers(Vector512.MinNative(Of(89f), x)));

    /// <summary>As <see cref="Exp"/> for numbers up to 89; anything for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> ExpOfNumbers(Vector512<float> x)
    {
        Vector512<float> t = Vector512.MaxNative(Of(-104f), x);
        Vector512<float> n = Fma(t, Of(Log2E), Of(RoundingShift)) - Of(RoundingShift);
        Vector512<float> high = Fma(-n, Of(Ln2High), t);
        Vector512<float> r = Fma(-n, Of(Ln2Low), high);
        Vector512<float> rest = Fma(-n, Of(Ln2Low), high - r);
        Vector512<float> p = Of(0.00138232135f);
        p = Fma(p, r, Of(0.00836882368f));
        p = Fma(p, r, Of(0.04166824f));
        p = Fma(p, r, Of(0.166665196f));
        p = Fma(p, r, Of(0.49999994f));
        Vector512<float> one = Of(1f) + r;
        Vector512<float> lost = (Of(1f) - one) + r;
        Vector512<float> value = one + (lost + Fma(r * r, p, rest));
        // 2^n at once; both ways round where the result is denormal, and only there.
        if (Avx512F.IsSupported)
            return Avx512F.Scale(value, n);
        Vector512<int> exponent = Vector512.ConvertToInt32Native(n);
        Vector512<int> half = exponent >> 1;
        return value * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Canonical(x, SigmoidOfNumbers(x));

    /// <summary>As <see cref="Sigmoid"/>; anything for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> SigmoidOfNumbers(Vector512<float> x)
    {
        Vector512<float> t = ExpOfNumbers(-Vector512.Abs(x));
        Vector512<float> denominator = Of(1f) + t;
        Vector512<float> lost = (Of(1f) - denominator) + t;
        Vector512<float> numerator = Select(Vector512.LessThan(x, Vector512<float>.Zero), t, Of(1f));
        Vector512<float> inverse = Of(1f) / denominator;
        Vector512<float> quotient = numerator * inverse;
        Vector512<float> residual = Fma(-quotient, denominator, numerator);
        residual = Fma(-quotient, lost, residual);
        return Fma(residual, inverse, quotient);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        Vector512<float> a = Vector512.Abs(x);
        Vector512<float> small = Vector512.LessThan(a, Of(0.625f));
        Vector512<float> z = Select(small, a * a, Vector512<float>.Zero);
        Vector512<float> p = Of(0.00215763575f);
        p = Fma(p, z, Of(-0.00819508638f));
        p = Fma(p, z, Of(0.0217087492f));
        p = Fma(p, z, Of(-0.053948462f));
        p = Fma(p, z, Of(0.133332223f));
        p = Fma(p, z, Of(-0.333333313f));
        Vector512<float> near = Fma(a * z, p, a);
        Vector512<float> far = Of(1f) - Of(2f) / (ExpOfNumbers(Vector512.MinNative(Of(89f), Of(2f) * a)) + Of(1f));
        return Canonical(x, Signed(Select(small, near, far), x));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Erf(Vector512<float> x)
    {
        Vector512<float> a = Vector512.Abs(x);
        Vector512<float> small = Vector512.LessThan(a, Of(0.921875f));
        Vector512<float> z = Select(small, a * a, Vector512<float>.Zero);
        Vector512<float> p = Of(8.30120262e-05f);
        p = Fma(p, z, Of(-0.000812513521f));
        p = Fma(p, z, Of(0.0051993141f));
        p = Fma(p, z, Of(-0.0268585924f));
        p = Fma(p, z, Of(0.112836771f));
        p = Fma(p, z, Of(-0.376126319f));
        p = Fma(p, z, Of(0.128379166f));
        Vector512<float> near = Fma(a, p, a);
        Vector512<float> t = Select(Vector512.LessThan(a, Of(4f)), a, Of(4f));
        Vector512<float> g = Of(2.10993494e-05f);
        g = Fma(g, t, Of(-0.000434502843f));
        g = Fma(g, t, Of(0.00417122478f));
        g = Fma(g, t, Of(-0.0251197964f));
        g = Fma(g, t, Of(0.108280614f));
        g = Fma(g, t, Of(0.633346438f));
        g = Fma(g, t, Of(1.12951517f));
        g = Fma(g, t, Of(-0.000174738481f));
        Vector512<float> far = Of(1f) - ExpOfNumbers(-g);
        return Canonical(x, Signed(Select(small, near, far), x));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Silu(Vector512<float> x) => Canonical(x * SigmoidOfNumbers(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> GeluTanh(Vector512<float> x)
    {
        Vector512<float> u = Fma(Of(0.044715f) * x, x * x, x);
        return Canonical(Of(0.5f) * x * (Of(1f) + Tanh(Of(0.7978845608f) * u)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> GeluErf(Vector512<float> x) => Canonical(Of(0.5f) * x * (Of(1f) + Erf(Of(0.70710678f) * x)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Softcap(Vector512<float> x, float cap) => Canonical(Of(cap) * Tanh(x / Of(cap)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Relu(Vector512<float> x) =>
        Select(Vector512.GreaterThan(x, Vector512<float>.Zero), x, Vector512<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Canonical(Vector512<float> x) => Canonical(x, x);

    /// <summary>The one NaN where <paramref name="tested"/> is a NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Canonical(Vector512<float> tested, Vector512<float> value) =>
        Select(Vector512.Equals(tested, tested), value, Of(FloatConversion.NaN));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Signed(Vector512<float> value, Vector512<float> sign) =>
        Select(Vector512.Create(int.MinValue).AsSingle(), sign, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> PowerOfTwo(Vector512<int> n) => ((n + Vector512.Create(127)) << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Fma(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Of(float value) => Vector512.Create(value);

    /// <summary><paramref name="yes"/> where the bits of <paramref name="mask"/> are set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Select(Vector512<float> mask, Vector512<float> yes, Vector512<float> no) =>
        Vector512.ConditionalSelect(mask, yes, no);
}
