namespace Tapeout.Numerics.Tests;

/// <summary>Measures functions against their references, in units of the last place of the true value.</summary>
internal static class ElementaryError
{
    /// <summary>The functions of one binary32 argument with their references.</summary>
    public static IReadOnlyList<(string Name, Func<float, float> Function, Func<double, double> Reference)> Functions { get; } =
    [
        ("Exp", Elementary.Exp, Math.Exp),
        ("Log", Elementary.Log, Math.Log),
        ("Reciprocal", Elementary.Reciprocal, x => 1 / x),
        ("ReciprocalSquareRoot", Elementary.ReciprocalSquareRoot, ElementaryReference.ReciprocalSquareRoot),
        ("Sigmoid", Elementary.Sigmoid, ElementaryReference.Sigmoid),
        ("Tanh", Elementary.Tanh, Math.Tanh),
        ("Erf", Elementary.Erf, ElementaryReference.Erf),
    ];

    /// <summary>The functions of a turn.</summary>
    public static IReadOnlyList<(string Name, Func<ulong, float> Function, Func<ulong, double> Reference)> Rotations { get; } =
    [("Cosine", Elementary.Cosine, ElementaryReference.Cosine), ("Sine", Elementary.Sine, ElementaryReference.Sine)];

    /// <summary>
    /// |actual − exact| in units of the last place that the exact value has in binary32 (2⁻¹⁴⁹ for subnormals). Special values that differ,
    /// or a NaN of another pattern, are infinitely wrong. An infinity stands for 2¹²⁸, the next value if the exponent went on.
    /// </summary>
    public static double Ulps(float actual, double exact)
    {
        if (double.IsNaN(exact))
            return BitConverter.SingleToUInt32Bits(actual) == FloatConversion.NaNBits ? 0 : double.PositiveInfinity;
        if (float.IsNaN(actual))
            return double.PositiveInfinity;
        if (double.IsInfinity(exact) || exact == 0)
            return actual == exact && float.IsNegative(actual) == double.IsNegative(exact) ? 0 : double.PositiveInfinity;
        if (Math.Abs(exact) >= 3.4028235677973366e38)
            return float.IsInfinity(actual) && float.IsNegative(actual) == (exact < 0) ? 0 : double.PositiveInfinity;
        double value = float.IsInfinity(actual) ? double.CopySign(3.402823669209385e38, actual) : actual;
        int exponent = (int)(BitConverter.DoubleToInt64Bits(exact) >> 52 & 0x7FF) - 1023;
        double unit = BitConverter.Int64BitsToDouble((long)(Math.Max(exponent, -126) - 23 + 1023) << 52);
        return Math.Abs(value - exact) / unit;
    }

    /// <summary>The worst of <paramref name="count"/> inputs first, first + step …, over all processors.</summary>
    public static (double Ulps, ulong Input) Worst(Func<ulong, double> error, ulong first, ulong step, long count)
    {
        object gate = new();
        (double Ulps, ulong Input) worst = (-1, 0);
        int parts = count > 1 << 20 ? 1024 : 16;
        Parallel.For(
            0,
            parts,
            part =>
            {
                (double Ulps, ulong Input) own = (-1, 0);
                long end = count * (part + 1) / parts;
                unchecked
                {
                    for (long i = count * part / parts; i < end; i++)
                    {
                        ulong input = first + (ulong)i * step;
                        double ulps = error(input);
                        if (!(ulps <= own.Ulps))
                            own = (ulps, input);
                    }
                }
                lock (gate)
                {
                    if (!(own.Ulps <= worst.Ulps) && (own.Ulps != worst.Ulps || own.Input < worst.Input))
                        worst = own;
                }
            }
        );
        return worst;
    }

    public static Func<ulong, double> OfFloat(Func<float, float> function, Func<double, double> reference) =>
        bits =>
        {
            float x = BitConverter.UInt32BitsToSingle((uint)bits);
            return Ulps(function(x), reference(x));
        };

    public static Func<ulong, double> OfTurn(Func<ulong, float> function, Func<ulong, double> reference) =>
        turn => Ulps(function(turn), reference(turn));
}
