using System.Globalization;
using System.Numerics;

namespace Tapeout.Quantities;

/// <summary>Exact decimal numbers in text.</summary>
internal static class DecimalText
{
    /// <summary>Splits "-1.35 GHz" into digits −135, two decimals and the unit "GHz". Exponents are not allowed.</summary>
    public static bool TrySplit(string text, out BigInteger digits, out int decimals, out string unit)
    {
        digits = default;
        decimals = 0;
        int at = text.Length > 0 && text[0] is '-' or '+' ? 1 : 0;
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        string number = text[start..at];
        if (number.Length > 0 && at + 1 < text.Length && text[at] == '.' && char.IsAsciiDigit(text[at + 1]))
        {
            int point = at++;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
                at++;
            decimals = at - point - 1;
            number += text[(point + 1)..at];
        }
        unit = text[at..].TrimStart();
        if (number.Length == 0)
            return false;
        digits = BigInteger.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture);
        if (text[0] == '-')
            digits = -digits;
        return true;
    }

    /// <summary>value / size as a decimal number, or null if it needs more than <paramref name="mostDecimals"/> decimals.</summary>
    public static string? Exact(BigInteger value, BigInteger size, int mostDecimals)
    {
        BigInteger scaled = BigInteger.DivRem(BigInteger.Abs(value) * BigInteger.Pow(10, mostDecimals), size, out BigInteger rest);
        if (!rest.IsZero)
            return null;
        string digits = scaled.ToString(CultureInfo.InvariantCulture).PadLeft(mostDecimals + 1, '0');
        string fraction = digits[^mostDecimals..].TrimEnd('0');
        string sign = value.Sign < 0 ? "-" : "";
        return sign + digits[..^mostDecimals] + (fraction.Length > 0 ? "." + fraction : "");
    }
}
