namespace Tapeout.Quantities;

/// <summary>
/// Bytes per second in one direction.
/// Text is a number with a unit, e.g. "3.35TB/s"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of bytes per second.</param>
public readonly record struct Bandwidth(long Count) : IQuantity<Bandwidth>
{
    private static readonly UnitTable Table = new(
        "a bandwidth",
        "3.35TB/s",
        long.MaxValue,
        [
            ("B/s", 1),
            ("KB/s", 1_000),
            ("KiB/s", 1L << 10),
            ("MB/s", 1_000_000),
            ("MiB/s", 1L << 20),
            ("GB/s", 1_000_000_000),
            ("GiB/s", 1L << 30),
            ("TB/s", 1_000_000_000_000),
            ("TiB/s", 1L << 40),
            ("PB/s", 1_000_000_000_000_000),
        ]
    );

    /// <summary>Nothing.</summary>
    public static Bandwidth Zero => default;

    /// <inheritdoc/>
    public static string Noun => "a bandwidth";

    /// <inheritdoc/>
    public static string Example => "3.35TB/s";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>A whole number of gigabytes per second.</summary>
    public static Bandwidth FromGigabytesPerSecond(long count) => new(count * 1_000_000_000);

    /// <summary>This in gigabytes per second, for reports: rounded to a double.</summary>
    public double TotalGigabytesPerSecond => (double)Count / 1_000_000_000.0;

    /// <summary>What a port of <paramref name="width"/> moves at <paramref name="clock"/>.</summary>
    public static Bandwidth FromClock(BytesPerCycle width, Frequency clock) => new(width.Count * clock.Count);

    /// <summary>The time that <paramref name="size"/> takes, rounded up to a femtosecond.</summary>
    public Duration TimeFor(Bytes size) => new(((Int128)size.Count * 1_000_000_000_000_000 + Count - 1) / Count);

    /// <summary>The sum; overflow throws.</summary>
    public static Bandwidth operator +(Bandwidth left, Bandwidth right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static Bandwidth operator -(Bandwidth left, Bandwidth right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static Bandwidth operator *(Bandwidth value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(Bandwidth left, Bandwidth right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(Bandwidth left, Bandwidth right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(Bandwidth left, Bandwidth right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(Bandwidth left, Bandwidth right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static Bandwidth Parse(string text) =>
        TryParse(text, out Bandwidth value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out Bandwidth value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new((long)count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(Bandwidth other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
