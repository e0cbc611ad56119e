namespace Tapeout.Quantities;

/// <summary>
/// An area in square nanometres: a bit cell of 0.0175 um2 and a wafer of 70,686 mm2 are both whole numbers.
/// Text is a number with a unit, e.g. "814mm2"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of square nanometres.</param>
public readonly record struct Area(long Count) : IQuantity<Area>
{
    private static readonly UnitTable Table = new(
        "an area",
        "814mm2",
        long.MaxValue,
        [("nm2", 1), ("um2", 1_000_000), ("mm2", 1_000_000_000_000), ("cm2", 100_000_000_000_000)],
        ("mm²", "mm2"),
        ("um²", "um2")
    );

    /// <summary>Nothing.</summary>
    public static Area Zero => default;

    /// <inheritdoc/>
    public static string Noun => "an area";

    /// <inheritdoc/>
    public static string Example => "814mm2";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>A whole number of square micrometres.</summary>
    public static Area FromSquareMicrometres(long count) => new(count * 1_000_000);

    /// <summary>This in square micrometres, for reports: rounded to a double.</summary>
    public double TotalSquareMicrometres => (double)Count / 1_000_000.0;

    /// <summary>A whole number of square millimetres.</summary>
    public static Area FromSquareMillimetres(long count) => new(count * 1_000_000_000_000);

    /// <summary>This in square millimetres, for reports: rounded to a double.</summary>
    public double TotalSquareMillimetres => (double)Count / 1_000_000_000_000.0;

    /// <summary>The sum; overflow throws.</summary>
    public static Area operator +(Area left, Area right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static Area operator -(Area left, Area right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static Area operator *(Area value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(Area left, Area right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(Area left, Area right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(Area left, Area right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(Area left, Area right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static Area Parse(string text) =>
        TryParse(text, out Area value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out Area value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new((long)count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(Area other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
