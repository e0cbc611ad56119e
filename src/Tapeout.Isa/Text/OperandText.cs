using System.Globalization;
using System.Text;
using Tapeout.Numerics;

namespace Tapeout.Isa;

/// <summary>
/// The exact text of the parts of a tape, and its inverse: what is written can always be read back to the same words. The readable
/// <c>ToString</c> of the same types leaves out what changes no value.
/// </summary>
internal static class OperandText
{
    public static string Quote(string text)
    {
        StringBuilder quoted = new("\"");
        foreach (char c in text)
        {
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (c < ' ' || c is '\u007f' or '\u0085' or '\u2028' or '\u2029')
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    /// <summary>The inverse of <see cref="Quote"/>; null if the text is not quoted.</summary>
    public static string? Unquote(string text)
    {
        if (text.Length < 2 || text[0] != '"' || text[^1] != '"')
            return null;
        StringBuilder plain = new();
        for (int i = 1; i < text.Length - 1; i++)
        {
            if (text[i] == '"')
                return null;
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }
            if (++i >= text.Length - 1)
                return null;
            if (text[i] != 'u')
            {
                plain.Append(text[i]);
                continue;
            }
            if (i + 4 >= text.Length - 1 || !ushort.TryParse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, null, out ushort code))
                return null;
            plain.Append((char)code);
            i += 4;
        }
        return plain.ToString();
    }

    public static bool TryInteger(string text, out int value) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    public static string Float(float value) => $"0x{BitConverter.SingleToUInt32Bits(value):x8}";

    /// <summary>A float as its 32 bits (<c>0x3f800000</c>) or as a decimal number.</summary>
    public static bool TryFloat(string text, out float value)
    {
        if (!text.StartsWith("0x", StringComparison.Ordinal))
            return float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
        bool isHex = uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint bits);
        value = BitConverter.UInt32BitsToSingle(bits);
        return isHex;
    }

    public static string Format(NumberFormat format)
    {
        string name = format.ToString();
        return NumberFormat.TryParse(name, out NumberFormat same) && same == format ? name : $"0x{format.Code:x6}";
    }

    public static bool TryFormat(string text, out NumberFormat format)
    {
        if (!text.StartsWith("0x", StringComparison.Ordinal))
            return NumberFormat.TryParse(text, out format);
        format = default;
        return uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)
            && NumberFormat.TryFromCode(code, out format);
    }

    /// <summary>The inverse of <see cref="SizeExpression.ToString"/>.</summary>
    public static bool TrySize(string text, out SizeExpression size)
    {
        size = default;
        if (TryInteger(text, out int constant))
        {
            size = SizeExpression.Of(constant);
            return true;
        }
        if (!text.StartsWith("ceil((", StringComparison.Ordinal))
        {
            int star = text.IndexOf('*', StringComparison.Ordinal);
            int multiplier = 1;
            if ((star >= 0 && !TryInteger(text[..star], out multiplier)) || !TryName(text[(star + 1)..], out Symbol symbol))
                return false;
            size = SizeExpression.Of(symbol, multiplier);
            return symbol != Symbol.None;
        }
        int close = text.IndexOf(")/", StringComparison.Ordinal);
        if (close < 0 || text[^1] != ')')
            return false;
        string sum = text[6..close];
        int times = sum.IndexOf('*', StringComparison.Ordinal);
        int plus = sum.IndexOf('+', StringComparison.Ordinal);
        if (
            times < 0
            || plus < times
            || !TryInteger(sum[..times], out int a)
            || !TryName(sum[(times + 1)..plus], out Symbol of)
            || !TryInteger(sum[(plus + 1)..], out int b)
            || !TryInteger(text[(close + 2)..^1], out int c)
            || c < 1
        )
            return false;
        size = new(of, a, b, c);
        return true;
    }

    public static string Index(IndexExpression index) =>
        index is { Step: 0, Level: 0 } ? $"{index.Base}" : $"{index.Base}+{index.Step}*L{index.Level}";

    public static bool TryIndex(string text, out IndexExpression index)
    {
        index = default;
        int plus = text.IndexOf('+', StringComparison.Ordinal);
        if (plus < 0)
        {
            bool isConstant = TryInteger(text, out int constant);
            index = new(constant);
            return isConstant;
        }
        int star = text.IndexOf("*L", StringComparison.Ordinal);
        if (
            star < plus
            || !TryInteger(text[..plus], out int @base)
            || !TryInteger(text[(plus + 1)..star], out int step)
            || !TryInteger(text[(star + 2)..], out int level)
        )
            return false;
        index = new(@base, step, level);
        return true;
    }

    public static string Axis(Axis axis)
    {
        StringBuilder text = new(axis.Total.ToString());
        if (axis.Kind == AxisKind.ExpertRows)
            text.Append("/expert:L").Append(axis.LoopLevel);
        if (axis.Kind == AxisKind.ActiveExpert)
            text.Append("/active:L").Append(axis.InnerLevel);
        if (axis.RankStep != 0)
            text.Append("/rank:").Append(axis.RankStep);
        if (axis.TileStep != 0)
            text.Append("/tile:").Append(axis.TileStep);
        bool hasInner = axis.InnerStep != 0 || (axis.InnerLevel != 0 && axis.Kind != AxisKind.ActiveExpert);
        if (hasInner || axis.LoopStep != 0 || (axis.LoopLevel != 0 && axis.Kind != AxisKind.ExpertRows))
            text.Append("/L").Append(axis.LoopLevel).Append(':').Append(axis.LoopStep);
        if (hasInner)
            text.Append("/L").Append(axis.InnerLevel).Append(':').Append(axis.InnerStep);
        return text.ToString();
    }

    public static bool TryAxis(string text, out Axis axis)
    {
        axis = default;
        int end = text.StartsWith("ceil(", StringComparison.Ordinal)
            ? text.LastIndexOf(')') + 1
            : text.IndexOf('/', StringComparison.Ordinal);
        if (end <= 0)
            end = text.Length;
        if (!TrySize(text[..end], out SizeExpression total) || (end < text.Length && text[end] != '/'))
            return false;
        axis = new(total);
        int loops = 0;
        foreach (string part in text[end..].Split('/').Skip(1))
        {
            int colon = part.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                return false;
            string name = part[..colon];
            string number = part[(colon + 1)..];
            if (name == "expert" && number.StartsWith('L') && TryInteger(number[1..], out int expertLevel))
                axis = axis with { Kind = AxisKind.ExpertRows, LoopLevel = expertLevel };
            else if (name == "active" && number.StartsWith('L') && TryInteger(number[1..], out int activeLevel))
                axis = axis with { Kind = AxisKind.ActiveExpert, InnerLevel = activeLevel };
            else if (!TryInteger(number, out int step))
                return false;
            else if (name == "rank")
                axis = axis with { RankStep = step };
            else if (name == "tile")
                axis = axis with { TileStep = step };
            else if (!name.StartsWith('L') || !TryInteger(name[1..], out int level) || loops > 1)
                return false;
            else
                axis = loops++ == 0 ? axis with { LoopStep = step, LoopLevel = level } : axis with { InnerStep = step, InnerLevel = level };
        }
        return true;
    }

    public static bool TryTiles(string text, out TileGroup tiles)
    {
        int plus = text.IndexOf('+', StringComparison.Ordinal);
        int first = 0;
        int count = 0;
        bool isGroup = plus > 0 && TryInteger(text[..plus], out first) && TryInteger(text[(plus + 1)..], out count);
        tiles = new(first, count);
        return isGroup;
    }

    /// <summary>A value of an enum by its name, in any case.</summary>
    public static bool TryName<T>(string text, out T value)
        where T : struct, Enum
    {
        value = default;
        return text.Length > 0 && char.IsAsciiLetter(text[0]) && Enum.TryParse(text, true, out value) && Enum.IsDefined(value);
    }
}
