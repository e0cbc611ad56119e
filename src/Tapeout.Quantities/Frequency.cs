namespace Tapeout.Quantities;

/// <summary>
/// Cycles per second, in hertz.
/// Text is a number with a unit, e.g. "1.35GHz"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of hertz.</param>
public readonly record struct Frequency(long Count) : IQuantity<Frequency>
{
    private static readonly UnitTable Table = new(
        "a frequency",
        "1.35GHz",
        long.MaxValue,
        [("Hz", 1), ("kHz", 1_000), ("MHz", 1_000_000), ("GHz", 1_000_000_000)]
    );

    /// <summary>Nothing.</summary>
    public static Frequency Zero => default;

    /// <inheritdoc/>
    public static string Noun => "a frequency";

    /// <inheritdoc/>
    public static string Example => "1.35GHz";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>A whole number of megahertz.</summary>
    public static Frequency FromMegahertz(long count) => new(count * 1_000_000);

    /// <summary>This in megahertz, for reports: rounded to a double.</summary>
    public double TotalMegahertz => (double)Count / 1_000_000.0;

    /// <summary>A whole number of gigahertz.</summary>
    public static Frequency FromGigahertz(long count) => new(count * 1_000_000_000);

    /// <summary>This in gigahertz, for reports: rounded to a double.</summary>
    public double TotalGigahertz => (double)Count / 1_000_000_000.0;

    /// <summary>The sum; overflow throws.</summary>
    public static Frequency operator +(Frequency left, Frequency right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static Frequency operator -(Frequency left, Frequency right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static Frequency operator *(Frequency value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(Frequency left, Frequency right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(Frequency left, Frequency right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(Frequency left, Frequency right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(Frequency left, Frequency right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static Frequency Parse(string text) =>
        TryParse(text, out Frequency value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out Frequency value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new((long)count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(Frequency other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
