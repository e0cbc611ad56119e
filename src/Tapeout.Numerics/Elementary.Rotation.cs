namespace Tapeout.Numerics;

/// <content>Sine and cosine of a fixed-point fraction of a turn, for rotary position embedding.</content>
public static partial class Elementary
{
    /// <summary>2π in two parts.</summary>
    private const float TurnHigh = 6.28318548f;

    private const float TurnLow = -1.74845553e-7f;

    /// <summary>cos(2π · <paramref name="turn"/> / 2⁶⁴).</summary>
    /// <param name="turn">The angle; 2⁶⁴ is a full turn, so that multiples of a step wrap exactly.</param>
    public static float Cosine(ulong turn) => Rotate(unchecked(turn + 0x4000000000000000));

    /// <summary>sin(2π · <paramref name="turn"/> / 2⁶⁴).</summary>
    /// <param name="turn">The angle; 2⁶⁴ is a full turn, so that multiples of a step wrap exactly.</param>
    public static float Sine(ulong turn) => Rotate(turn);

    /// <remarks>
    /// The nearest quarter turn is split off exactly; the remainder, at most an eighth, is converted to y + yLow (two binary32).
    /// sin = 2π · y + y³ · P(y²), P of degree 3; cos = 1 − 2π² · y² + y⁴ · Q(y²), Q of degree 2; leading products are taken with their rounding errors. A cosine is a
    /// sine a quarter turn on.
    /// </remarks>
    private static float Rotate(ulong turn)
    {
        ulong quarter;
        long remainder;
        unchecked
        {
            quarter = (turn + 0x2000000000000000) >> 62;
            remainder = (long)(turn - (quarter << 62));
        }
        float converted = remainder;
        float y = converted * 5.421010862427522e-20f;
        float yLow = (remainder - (long)converted) * 5.421010862427522e-20f;
        float z = y * y;
        float zLow = MathF.FusedMultiplyAdd(y, y, -z) + 2f * y * yLow;

        float p = 40.7944756f;
        p = MathF.FusedMultiplyAdd(p, z, -76.6761169f);
        p = MathF.FusedMultiplyAdd(p, z, 81.6049881f);
        p = MathF.FusedMultiplyAdd(p, z, -41.3417015f);
        float small = MathF.FusedMultiplyAdd(yLow, TurnHigh, y * MathF.FusedMultiplyAdd(z, p, TurnLow));
        float sine = MathF.FusedMultiplyAdd(y, TurnHigh, small);

        const float Curve = -19.7392082f;
        float q = 59.3523369f;
        q = MathF.FusedMultiplyAdd(q, z, -85.447197f);
        q = MathF.FusedMultiplyAdd(q, z, 64.9393616f);
        float lead = z * Curve;
        float leadLow = MathF.FusedMultiplyAdd(z, Curve, -lead);
        float rest = MathF.FusedMultiplyAdd(z, MathF.FusedMultiplyAdd(z, q, -5.80743176e-7f), MathF.FusedMultiplyAdd(zLow, Curve, leadLow));
        float one = 1f + lead;
        float cosine = one + (((1f - one) + lead) + rest);

        float value = (quarter & 1) == 0 ? sine : cosine;
        return (quarter & 2) == 0 ? value : 0f - value;
    }
}
