using System.Globalization;
using System.Numerics;

namespace Tapeout.Quantities;

/// <summary>
/// The units of one quantity, as multiples of its base unit. Numbers are read and printed exactly (integer arithmetic, no double in
/// between), so that printing and parsing are inverse to each other.
/// </summary>
internal sealed class UnitTable
{
    private const int LongestText = 64;
    private const int MostPrintedDecimals = 6;

    private readonly string noun;
    private readonly string example;

    // A name may start with a blank, which is printed ("40 cycles") but not asked for.
    private readonly (string Name, BigInteger Size)[] units;
    private readonly (string Alias, string Name)[] aliases;
    private readonly BigInteger largest;

    public UnitTable(
        string noun,
        string example,
        Int128 largest,
        (string Name, Int128 Size)[] units,
        params (string Alias, string Name)[] aliases
    )
    {
        this.noun = noun;
        this.example = example;
        this.largest = largest;
        this.units = [.. units.Select(u => (u.Name, (BigInteger)u.Size))];
        this.aliases = aliases;
        Names = [.. units.Select(u => u.Name.TrimStart())];
    }

    public IReadOnlyList<string> Names { get; }

    private string Allowed => "a number and " + Sentence.Alternatives(Names) + $", e.g. \"{example}\"";

    public bool TryParse(string text, out Int128 count, out string problem)
    {
        count = 0;
        problem = "";
        string trimmed = text.Trim();
        if (trimmed.Length > LongestText)
        {
            problem = $"a text of {text.Length} characters is not {noun}: write {Allowed}";
            return false;
        }
        if (!DecimalText.TrySplit(trimmed, out BigInteger digits, out int decimals, out string unit))
        {
            problem = $"'{trimmed}' is not {noun}: write {Allowed}";
            return false;
        }
        if (unit.Length == 0)
        {
            problem = $"'{trimmed}' has no unit: write {Allowed}";
            return false;
        }
        foreach ((string alias, string name) in aliases)
            unit = unit == alias ? name : unit;
        int index = Array.FindIndex(units, u => u.Name.TrimStart() == unit);
        if (index < 0)
        {
            problem = $"'{trimmed}' is not {noun}: write {Allowed}";
            return false;
        }
        BigInteger scaled = digits * units[index].Size;
        BigInteger whole = BigInteger.DivRem(scaled, BigInteger.Pow(10, decimals), out BigInteger rest);
        if (!rest.IsZero)
        {
            problem = $"'{trimmed}' is finer than 1{units[0].Name}, the smallest step of {noun}";
            return false;
        }
        if (whole > largest || whole < -largest - 1)
        {
            problem = $"'{trimmed}' is too large for {noun}: at most {Print((Int128)largest)}";
            return false;
        }
        count = (Int128)whole;
        return true;
    }

    /// <summary>The shortest exact text whose unit is not larger than the value; of equally short ones that with the larger unit.</summary>
    public string Print(Int128 count)
    {
        BigInteger value = count;
        string best = value.ToString(CultureInfo.InvariantCulture) + units[0].Name;
        foreach ((string name, BigInteger size) in units)
        {
            if (BigInteger.Abs(value) < size || DecimalText.Exact(value, size, MostPrintedDecimals) is not { } number)
                continue;
            if (number.Length + name.Length <= best.Length)
                best = number + name;
        }
        return best;
    }
}
