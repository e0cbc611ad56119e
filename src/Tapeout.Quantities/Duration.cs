namespace Tapeout.Quantities;

/// <summary>
/// A span of time in femtoseconds. Femtoseconds, since a cycle at 1.83 GHz is 546.448 ps and whole picoseconds would be wrong by 0.08 %
/// in every cycle; Int128, since a long of femtoseconds ends after 2.5 hours.
/// Text is a number with a unit, e.g. "5ns"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of femtoseconds.</param>
public readonly record struct Duration(Int128 Count) : IQuantity<Duration>
{
    private static readonly UnitTable Table = new(
        "a duration",
        "5ns",
        Int128.MaxValue,
        [("fs", 1), ("ps", 1_000), ("ns", 1_000_000), ("us", 1_000_000_000), ("ms", 1_000_000_000_000), ("s", 1_000_000_000_000_000)],
        ("µs", "us")
    );

    /// <summary>Nothing.</summary>
    public static Duration Zero => default;

    /// <inheritdoc/>
    public static string Noun => "a duration";

    /// <inheritdoc/>
    public static string Example => "5ns";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>A whole number of picoseconds.</summary>
    public static Duration FromPicoseconds(long count) => new(count * (Int128)1_000);

    /// <summary>This in picoseconds, for reports: rounded to a double.</summary>
    public double TotalPicoseconds => (double)Count / 1_000.0;

    /// <summary>A whole number of nanoseconds.</summary>
    public static Duration FromNanoseconds(long count) => new(count * (Int128)1_000_000);

    /// <summary>This in nanoseconds, for reports: rounded to a double.</summary>
    public double TotalNanoseconds => (double)Count / 1_000_000.0;

    /// <summary>A whole number of microseconds.</summary>
    public static Duration FromMicroseconds(long count) => new(count * (Int128)1_000_000_000);

    /// <summary>This in microseconds, for reports: rounded to a double.</summary>
    public double TotalMicroseconds => (double)Count / 1_000_000_000.0;

    /// <summary>A whole number of seconds.</summary>
    public static Duration FromSeconds(long count) => new(count * (Int128)1_000_000_000_000_000);

    /// <summary>This in seconds, for reports: rounded to a double.</summary>
    public double TotalSeconds => (double)Count / 1_000_000_000_000_000.0;

    /// <summary>The time that <paramref name="cycles"/> take at <paramref name="clock"/>, rounded up to a femtosecond.</summary>
    public static Duration FromCycles(Cycles cycles, Frequency clock) =>
        new(((Int128)cycles.Count * 1_000_000_000_000_000 + clock.Count - 1) / clock.Count);

    /// <summary>The cycles of <paramref name="clock"/> that cover this time, rounded up.</summary>
    public Cycles ToCycles(Frequency clock) => new((long)((Count * clock.Count + 999_999_999_999_999) / 1_000_000_000_000_000));

    /// <summary>The sum; overflow throws.</summary>
    public static Duration operator +(Duration left, Duration right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static Duration operator -(Duration left, Duration right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static Duration operator *(Duration value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(Duration left, Duration right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(Duration left, Duration right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(Duration left, Duration right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(Duration left, Duration right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static Duration Parse(string text) =>
        TryParse(text, out Duration value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out Duration value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new(count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(Duration other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
