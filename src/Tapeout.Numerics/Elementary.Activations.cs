namespace Tapeout.Numerics;

/// <content>Saturating functions and the activations built from them.</content>
public static partial class Elementary
{
    /// <summary>1 / (1 + e⁻ˣ). −∞ → +0, +∞ → 1, NaN → NaN; subnormal results are kept.</summary>
    /// <remarks>
    /// t = e^−|x|; n / (1 + t) with n = 1 for x ≥ 0 and t for x &lt; 0: q = fl(n · fl(1 / d)), d = fl(1 + t), then one correction by the residual n − q · d, with the
    /// rounding error of d taken in. It brings the worst error from 2.02 to 1.5 ulp.
    /// </remarks>
    public static float Sigmoid(float x)
    {
        float t = Exp(-MathF.Abs(x));
        float denominator = 1f + t;
        float lost = (1f - denominator) + t;
        float numerator = x < 0f ? t : 1f;
        float inverse = 1f / denominator;
        float quotient = numerator * inverse;
        float residual = MathF.FusedMultiplyAdd(-quotient, denominator, numerator);
        residual = MathF.FusedMultiplyAdd(-quotient, lost, residual);
        float value = MathF.FusedMultiplyAdd(residual, inverse, quotient);
        return float.IsNaN(x) ? FloatConversion.NaN : value;
    }

    /// <summary>tanh x. Odd, ±0 → ±0, ±∞ → ±1, NaN → NaN.</summary>
    /// <remarks>
    /// |x| &lt; 0.625: x + x³ · P(x²), P of degree 5. Else 1 − 2 / (e^2|x| + 1), with the sign of x.
    /// </remarks>
    public static float Tanh(float x)
    {
        float a = MathF.Abs(x);
        float z = a < 0.625f ? a * a : 0f;
        float p = 0.00215763575f;
        p = MathF.FusedMultiplyAdd(p, z, -0.00819508638f);
        p = MathF.FusedMultiplyAdd(p, z, 0.0217087492f);
        p = MathF.FusedMultiplyAdd(p, z, -0.053948462f);
        p = MathF.FusedMultiplyAdd(p, z, 0.133332223f);
        p = MathF.FusedMultiplyAdd(p, z, -0.333333313f);
        float near = MathF.FusedMultiplyAdd(a * z, p, a);
        float far = 1f - 2f / (Exp(2f * a) + 1f);
        float value = MathF.CopySign(a < 0.625f ? near : far, x);
        return float.IsNaN(x) ? FloatConversion.NaN : value;
    }

    /// <summary>erf x. Odd, ±0 → ±0, ±∞ → ±1, NaN → NaN.</summary>
    /// <remarks>
    /// |x| &lt; 0.921875: x + x · P(x²), P of degree 6. Else 1 − e^−G(|x|) with G of degree 7, fitted to −ln erfc on 0.92 … 4; |x| is limited to 4, where erf is 1 in
    /// binary32.
    /// </remarks>
    public static float Erf(float x)
    {
        float a = MathF.Abs(x);
        bool small = a < 0.921875f;
        float z = small ? a * a : 0f;
        float p = 8.30120262e-05f;
        p = MathF.FusedMultiplyAdd(p, z, -0.000812513521f);
        p = MathF.FusedMultiplyAdd(p, z, 0.0051993141f);
        p = MathF.FusedMultiplyAdd(p, z, -0.0268585924f);
        p = MathF.FusedMultiplyAdd(p, z, 0.112836771f);
        p = MathF.FusedMultiplyAdd(p, z, -0.376126319f);
        p = MathF.FusedMultiplyAdd(p, z, 0.128379166f);
        float near = MathF.FusedMultiplyAdd(a, p, a);
        float t = a < 4f ? a : 4f;
        float g = 2.10993494e-05f;
        g = MathF.FusedMultiplyAdd(g, t, -0.000434502843f);
        g = MathF.FusedMultiplyAdd(g, t, 0.00417122478f);
        g = MathF.FusedMultiplyAdd(g, t, -0.0251197964f);
        g = MathF.FusedMultiplyAdd(g, t, 0.108280614f);
        g = MathF.FusedMultiplyAdd(g, t, 0.633346438f);
        g = MathF.FusedMultiplyAdd(g, t, 1.12951517f);
        g = MathF.FusedMultiplyAdd(g, t, -0.000174738481f);
        float far = 1f - Exp(-g);
        float value = MathF.CopySign(small ? near : far, x);
        return float.IsNaN(x) ? FloatConversion.NaN : value;
    }

    /// <summary>SiLU: fl(x · <see cref="Sigmoid"/>(x)). −∞ gives NaN (−∞ · 0).</summary>
    public static float Silu(float x) => Canonical(x * Sigmoid(x));

    /// <summary>
    /// GELU, tanh form: u = fma(fl(0.044715 · x), fl(x · x), x), v = fl(0.7978846 · u), result fl(fl(0.5 · x) · fl(1 + <see
    /// cref="Tanh"/>(v))).
    /// </summary>
    public static float GeluTanh(float x)
    {
        float u = MathF.FusedMultiplyAdd(0.044715f * x, x * x, x);
        return Canonical(0.5f * x * (1f + Tanh(0.7978845608f * u)));
    }

    /// <summary>GELU, exact form: fl(fl(0.5 · x) · fl(1 + <see cref="Erf"/>(fl(0.70710677 · x)))).</summary>
    public static float GeluErf(float x) => Canonical(0.5f * x * (1f + Erf(0.70710678f * x)));

    /// <summary>Soft cap: fl(cap · <see cref="Tanh"/>(fl(x / cap))).</summary>
    /// <param name="x">The value.</param>
    /// <param name="cap">The bound of the result, greater than 0.</param>
    public static float Softcap(float x, float cap) => Canonical(cap * Tanh(x / cap));

    private static float Canonical(float x) => float.IsNaN(x) ? FloatConversion.NaN : x;
}
