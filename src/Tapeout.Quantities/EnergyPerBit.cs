namespace Tapeout.Quantities;

/// <summary>
/// The energy of moving or storing one bit, in attojoules.
/// Text is a number with a unit, e.g. "3.9pJ/bit"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of attojoules per bit.</param>
public readonly record struct EnergyPerBit(long Count) : IQuantity<EnergyPerBit>
{
    private static readonly UnitTable Table = new(
        "an energy per bit",
        "3.9pJ/bit",
        long.MaxValue,
        [("aJ/bit", 1), ("fJ/bit", 1_000), ("pJ/bit", 1_000_000), ("nJ/bit", 1_000_000_000)]
    );

    /// <summary>Nothing.</summary>
    public static EnergyPerBit Zero => default;

    /// <inheritdoc/>
    public static string Noun => "an energy per bit";

    /// <inheritdoc/>
    public static string Example => "3.9pJ/bit";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>A whole number of picojoules per bit.</summary>
    public static EnergyPerBit FromPicojoulesPerBit(long count) => new(count * 1_000_000);

    /// <summary>This in picojoules per bit, for reports: rounded to a double.</summary>
    public double TotalPicojoulesPerBit => (double)Count / 1_000_000.0;

    /// <summary>The energy of moving <paramref name="size"/>.</summary>
    public Energy For(Bytes size) => new((Int128)Count * 8 * size.Count);

    /// <summary>The sum; overflow throws.</summary>
    public static EnergyPerBit operator +(EnergyPerBit left, EnergyPerBit right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static EnergyPerBit operator -(EnergyPerBit left, EnergyPerBit right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static EnergyPerBit operator *(EnergyPerBit value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(EnergyPerBit left, EnergyPerBit right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(EnergyPerBit left, EnergyPerBit right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(EnergyPerBit left, EnergyPerBit right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(EnergyPerBit left, EnergyPerBit right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static EnergyPerBit Parse(string text) =>
        TryParse(text, out EnergyPerBit value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out EnergyPerBit value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new((long)count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(EnergyPerBit other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
