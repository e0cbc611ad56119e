using System.Globalization;

namespace Tapeout.Quantities;

/// <summary>
/// A number with a unit that has no type of its own here (transistor densities, defects per area, dollars per wafer): data for tables
/// whose readers know the unit they ask for.
/// </summary>
/// <param name="Value">The number.</param>
/// <param name="Unit">The unit as written: "MTr/mm2"; empty for a ratio.</param>
public readonly record struct Measure(decimal Value, string Unit)
{
    /// <summary>Parses "138.2MTr/mm2"; the unit is whatever follows the number. On failure <paramref name="problem"/> says what is allowed.</summary>
    public static bool TryParse(string text, out Measure value, out string problem)
    {
        value = default;
        problem = $"'{text}' is not a measure: write a number and its unit, e.g. \"138.2MTr/mm2\"";
        if (text.Length > 64 || !DecimalText.TrySplit(text.Trim(), out _, out _, out string unit))
            return false;
        string number = text.Trim()[..^unit.Length].Trim();
        if (
            !decimal.TryParse(
                number,
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out decimal parsed
            )
        )
            return false;
        value = new(parsed, unit);
        return true;
    }

    /// <summary>The number if the unit is the one the reader expects; otherwise an <see cref="InvalidInputException"/>.</summary>
    public decimal In(string unit) =>
        Unit == unit ? Value : throw new InvalidInputException($"'{this}' is not in {unit}, the unit it is read in.");

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture) + Unit;
}
