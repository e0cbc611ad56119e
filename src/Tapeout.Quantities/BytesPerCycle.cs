namespace Tapeout.Quantities;

/// <summary>
/// Bytes that a port or link moves in one clock cycle.
/// Text is a number with a unit, e.g. "128B/cycle"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of bytes per cycle.</param>
public readonly record struct BytesPerCycle(long Count) : IQuantity<BytesPerCycle>
{
    private static readonly UnitTable Table = new(
        "a number of bytes per cycle",
        "128B/cycle",
        long.MaxValue,
        [("B/cycle", 1), ("KiB/cycle", 1L << 10), ("MiB/cycle", 1L << 20)]
    );

    /// <summary>Nothing.</summary>
    public static BytesPerCycle Zero => default;

    /// <inheritdoc/>
    public static string Noun => "a number of bytes per cycle";

    /// <inheritdoc/>
    public static string Example => "128B/cycle";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>The cycles that <paramref name="size"/> takes, rounded up.</summary>
    public Cycles TimeFor(Bytes size) => new(size.Count / Count + (size.Count % Count == 0 ? 0 : 1));

    /// <summary>The sum; overflow throws.</summary>
    public static BytesPerCycle operator +(BytesPerCycle left, BytesPerCycle right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static BytesPerCycle operator -(BytesPerCycle left, BytesPerCycle right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static BytesPerCycle operator *(BytesPerCycle value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(BytesPerCycle left, BytesPerCycle right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(BytesPerCycle left, BytesPerCycle right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(BytesPerCycle left, BytesPerCycle right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(BytesPerCycle left, BytesPerCycle right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static BytesPerCycle Parse(string text) =>
        TryParse(text, out BytesPerCycle value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out BytesPerCycle value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new((long)count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(BytesPerCycle other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
