namespace Tapeout.Quantities;

/// <summary>
/// Bytes. Decimal (KB, MB, GB: powers of 1000) and binary units (KiB, MiB, GiB: powers of 1024) are both allowed.
/// Text is a number with a unit, e.g. "256KiB"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of bytes.</param>
public readonly record struct Bytes(long Count) : IQuantity<Bytes>
{
    private static readonly UnitTable Table = new(
        "a size",
        "256KiB",
        long.MaxValue,
        [
            ("B", 1),
            ("KB", 1_000),
            ("KiB", 1L << 10),
            ("MB", 1_000_000),
            ("MiB", 1L << 20),
            ("GB", 1_000_000_000),
            ("GiB", 1L << 30),
            ("TB", 1_000_000_000_000),
            ("TiB", 1L << 40),
            ("PB", 1_000_000_000_000_000),
            ("PiB", 1L << 50),
        ]
    );

    /// <summary>Nothing.</summary>
    public static Bytes Zero => default;

    /// <inheritdoc/>
    public static string Noun => "a size";

    /// <inheritdoc/>
    public static string Example => "256KiB";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>A whole number of kibibytes.</summary>
    public static Bytes FromKibibytes(long count) => new(count * (1L << 10));

    /// <summary>This in kibibytes, for reports: rounded to a double.</summary>
    public double TotalKibibytes => (double)Count / (1L << 10);

    /// <summary>A whole number of mebibytes.</summary>
    public static Bytes FromMebibytes(long count) => new(count * (1L << 20));

    /// <summary>This in mebibytes, for reports: rounded to a double.</summary>
    public double TotalMebibytes => (double)Count / (1L << 20);

    /// <summary>A whole number of gibibytes.</summary>
    public static Bytes FromGibibytes(long count) => new(count * (1L << 30));

    /// <summary>This in gibibytes, for reports: rounded to a double.</summary>
    public double TotalGibibytes => (double)Count / (1L << 30);

    /// <summary>The sum; overflow throws.</summary>
    public static Bytes operator +(Bytes left, Bytes right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static Bytes operator -(Bytes left, Bytes right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static Bytes operator *(Bytes value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(Bytes left, Bytes right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(Bytes left, Bytes right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(Bytes left, Bytes right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(Bytes left, Bytes right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static Bytes Parse(string text) =>
        TryParse(text, out Bytes value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out Bytes value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new((long)count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(Bytes other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
