namespace Tapeout.Numerics;

/// <summary>
/// Functions for tables made at compile time, in binary64 with +, −, · and / only, so that every CPU makes the same table. Arguments are
/// finite; relative errors are below 10⁻¹⁵ times the factor stated.
/// </summary>
public static class DeterministicMath
{
    private const double Ln2High = 0.693147180369123816490;
    private const double Ln2Low = 1.90821492927058770002e-10;

    /// <summary>ln x for a normal x &gt; 0. By atanh: ln m = 2 (s + s³/3 + s⁵/5 + …), s = (m − 1) / (m + 1), √½ ≤ m &lt; √2.</summary>
    public static double Log(double x)
    {
        if (!double.IsNormal(x) || x < 0)
            throw new ArgumentOutOfRangeException(nameof(x), x, "The logarithm is of a positive normal number.");
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52) - 1023;
        double m = BitConverter.Int64BitsToDouble((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);
        if (m > 1.4142135623730951)
        {
            m *= 0.5;
            exponent++;
        }
        double s = (m - 1) / (m + 1);
        double square = s * s;
        double series = 0;
        for (int n = 27; n >= 3; n -= 2)
            series = square * (series + 1.0 / n);
        double log = 2 * s + 2 * s * series;
        return exponent * Ln2High + (exponent * Ln2Low + log);
    }

    /// <summary>eˣ for |x| ≤ 700, by its series on |r| ≤ ln 2 / 2.</summary>
    public static double Exp(double x)
    {
        if (!(x >= -700 && x <= 700))
            throw new ArgumentOutOfRangeException(nameof(x), x, "The exponent lies between −700 and 700.");
        double n = Math.Round(x * 1.4426950408889634, MidpointRounding.ToEven);
        double r = x - n * Ln2High - n * Ln2Low;
        double series = 0;
        for (int i = 18; i >= 1; i--)
            series = r / i * (1 + series);
        return (1 + series) * BitConverter.Int64BitsToDouble((long)(n + 1023) << 52);
    }

    /// <summary>xʸ for a normal x &gt; 0: Exp(y · Log(x)). The error grows with |y · ln x|.</summary>
    public static double Pow(double x, double y) => Exp(y * Log(x));

    /// <summary>
    /// The phase step of rotary position embedding per position, in units of 2⁻⁶⁴ turn: round(base^(−2i/d) / 2π · 2⁶⁴).
    /// </summary>
    /// <param name="frequencyBase">The base (10,000 in Llama 2, 500,000 in Llama 3).</param>
    /// <param name="index">i: the pair of dimensions, 0 … d/2 − 1.</param>
    /// <param name="dimensions">d: the rotated dimensions.</param>
    public static ulong TurnsStep(double frequencyBase, int index, int dimensions)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimensions);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return TurnsStep(index == 0 ? 1 : Pow(frequencyBase, -2.0 * index / dimensions));
    }

    /// <summary>The phase step of an angular frequency, in units of 2⁻⁶⁴ turn per position: round(frequency / 2π · 2⁶⁴).</summary>
    /// <param name="frequency">Radians per position, 0 … 6 (scaled frequencies of long-context models come here).</param>
    public static ulong TurnsStep(double frequency)
    {
        if (!(frequency >= 0 && frequency <= 6))
            throw new ArgumentOutOfRangeException(nameof(frequency), frequency, "A frequency lies between 0 and 6 radians per position.");
        double step = frequency * 0.15915494309189535 * 18446744073709551616.0;
        return (ulong)Math.Round(step, MidpointRounding.ToEven);
    }
}
