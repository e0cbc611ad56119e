using System.Numerics;

namespace Tapeout.Numerics.Tests;

/// <summary>
/// What the elementary functions are measured against: binary64 functions whose own error (some 2⁻⁵¹) is a 2⁻²⁷ part of a binary32 ulp,
/// and, to check those, fixed-point series with 256 fractional bits.
/// </summary>
internal static class ElementaryReference
{
    private const int FractionBits = 256;
    private static readonly BigInteger One = BigInteger.One << FractionBits;
    private static readonly BigInteger Ln2 = 2 * Atanh(One / 3);
    private static readonly BigInteger Pi = 4 * (4 * AtanInverse(5) - AtanInverse(239));

    public static double Sigmoid(double x) => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x));

    public static double ReciprocalSquareRoot(double x) => x == 0 ? 1 / x : 1 / Math.Sqrt(x);

    /// <summary>erf by 2/√π · e^−x² · Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!, whose terms all have one sign.</summary>
    public static double Erf(double x)
    {
        const double TwoOverRootPi = 1.1283791670955126;
        double a = Math.Abs(x);
        if (a > 6)
            return double.CopySign(1, x);
        if (a < 1.0 / 4096)
            return x * TwoOverRootPi * (1 - x * x / 3);
        double term = x;
        double sum = x;
        for (int n = 1; Math.Abs(term) > Math.Abs(sum) * 1e-17; n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return TwoOverRootPi * Math.Exp(-x * x) * sum;
    }

    /// <summary>The sine of a turn reduced exactly to an eighth of a turn.</summary>
    public static double Sine(ulong turn) => Rotate(turn);

    public static double Cosine(ulong turn) => Rotate(unchecked(turn + (1UL << 62)));

    public static double Fixed(string function, double x) =>
        function switch
        {
            "Exp" => ToDouble(Exp(From(x))),
            "Log" => ToDouble(Log(x)),
            "Sigmoid" => ToDouble(One * One / (One + Exp(From(-x)))),
            "Tanh" => ToDouble((Exp(From(2 * x)) - One) * One / (Exp(From(2 * x)) + One)),
            "Erf" => ToDouble(Erf(From(x))),
            "ReciprocalSquareRoot" => ToDouble(Divide(One, SquareRoot(From(x)))),
            "Sine" => ToDouble(Sine(Multiply(2 * Pi, From(x)))),
            _ => throw new ArgumentException(function),
        };

    private static double Rotate(ulong turn)
    {
        ulong quarter = unchecked(turn + (1UL << 61)) >> 62;
        long remainder = unchecked((long)(turn - (quarter << 62)));
        double angle = remainder * (2 * Math.PI / 18446744073709551616.0);
        double value = (quarter & 1) == 0 ? Math.Sin(angle) : Math.Cos(angle);
        return (quarter & 2) == 0 ? value : -value;
    }

    private static BigInteger From(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(Math.Abs(x));
        int exponent = (int)(bits >> 52);
        BigInteger mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
        int shift = Math.Max(exponent, 1) - 1075 + FractionBits;
        BigInteger value = shift >= 0 ? mantissa << shift : mantissa >> -shift;
        return x < 0 ? -value : value;
    }

    private static double ToDouble(BigInteger value)
    {
        int excess = Math.Max(0, (int)value.GetBitLength() - 64);
        return Math.ScaleB((double)(value >> excess), excess - FractionBits);
    }

    private static BigInteger Multiply(BigInteger a, BigInteger b) => (a * b) >> FractionBits;

    private static BigInteger Divide(BigInteger a, BigInteger b) => (a << FractionBits) / b;

    private static BigInteger SquareRoot(BigInteger value)
    {
        BigInteger target = value << FractionBits;
        BigInteger root = BigInteger.One << (int)(target.GetBitLength() / 2 + 1);
        for (BigInteger next = root; ; root = next)
        {
            next = (root + target / root) / 2;
            if (next >= root)
                return root;
        }
    }

    private static BigInteger Atanh(BigInteger s)
    {
        BigInteger square = Multiply(s, s);
        BigInteger sum = 0;
        for (int n = 1; !s.IsZero && s != -1; n += 2, s = Multiply(s, square))
            sum += s / n;
        return sum;
    }

    private static BigInteger AtanInverse(int n)
    {
        BigInteger term = One / n;
        BigInteger sum = 0;
        for (int k = 1; !term.IsZero && term != -1; k += 2, term = -term / (n * n))
            sum += term / k;
        return sum;
    }

    private static BigInteger Exp(BigInteger x)
    {
        int n = (int)BigInteger.Divide(x + (x.Sign >= 0 ? Ln2 / 2 : -Ln2 / 2), Ln2);
        x -= n * Ln2;
        BigInteger term = One;
        BigInteger sum = One;
        for (int k = 1; !term.IsZero && term != -1; k++)
        {
            term = Multiply(term, x) / k;
            sum += term;
        }
        return n >= 0 ? sum << n : sum >> -n;
    }

    private static BigInteger Log(double x)
    {
        int exponent = Math.ILogB(x);
        BigInteger m = From(Math.ScaleB(x, -exponent));
        return exponent * Ln2 + 2 * Atanh(Divide(m - One, m + One));
    }

    private static BigInteger Erf(BigInteger x)
    {
        BigInteger square = Multiply(x, x);
        BigInteger term = x;
        BigInteger sum = 0;
        for (int n = 0; BigInteger.Abs(term) > 1; n++)
        {
            sum += term / (2 * n + 1);
            term = -Multiply(term, square) / (n + 1);
        }
        return Divide(2 * sum, SquareRoot(Pi));
    }

    private static BigInteger Sine(BigInteger x)
    {
        BigInteger square = Multiply(x, x);
        BigInteger term = x;
        BigInteger sum = 0;
        for (int k = 2; BigInteger.Abs(term) > 1; k += 2)
        {
            sum += term;
            term = -Multiply(term, square) / (k * (k + 1));
        }
        return sum;
    }
}
