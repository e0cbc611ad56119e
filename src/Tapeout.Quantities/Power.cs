namespace Tapeout.Quantities;

/// <summary>
/// A power in microwatts.
/// Text is a number with a unit, e.g. "700W"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of microwatts.</param>
public readonly record struct Power(long Count) : IQuantity<Power>
{
    private static readonly UnitTable Table = new(
        "a power",
        "700W",
        long.MaxValue,
        [("uW", 1), ("mW", 1_000), ("W", 1_000_000), ("kW", 1_000_000_000), ("MW", 1_000_000_000_000)],
        ("µW", "uW")
    );

    /// <summary>Nothing.</summary>
    public static Power Zero => default;

    /// <inheritdoc/>
    public static string Noun => "a power";

    /// <inheritdoc/>
    public static string Example => "700W";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>A whole number of watts.</summary>
    public static Power FromWatts(long count) => new(count * 1_000_000);

    /// <summary>This in watts, for reports: rounded to a double.</summary>
    public double TotalWatts => (double)Count / 1_000_000.0;

    /// <summary>The sum; overflow throws.</summary>
    public static Power operator +(Power left, Power right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static Power operator -(Power left, Power right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static Power operator *(Power value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(Power left, Power right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(Power left, Power right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(Power left, Power right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(Power left, Power right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static Power Parse(string text) =>
        TryParse(text, out Power value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out Power value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new((long)count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(Power other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
