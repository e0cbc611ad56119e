namespace Tapeout.Quantities;

/// <summary>
/// Clock cycles of the chip at hand.
/// Text is a number with a unit, e.g. "40 cycles"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of cycles.</param>
public readonly record struct Cycles(long Count) : IQuantity<Cycles>
{
    private static readonly UnitTable Table = new("a number of cycles", "40 cycles", long.MaxValue, [(" cycles", 1)], ("cycle", "cycles"));

    /// <summary>Nothing.</summary>
    public static Cycles Zero => default;

    /// <inheritdoc/>
    public static string Noun => "a number of cycles";

    /// <inheritdoc/>
    public static string Example => "40 cycles";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>The sum; overflow throws.</summary>
    public static Cycles operator +(Cycles left, Cycles right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static Cycles operator -(Cycles left, Cycles right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static Cycles operator *(Cycles value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(Cycles left, Cycles right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(Cycles left, Cycles right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(Cycles left, Cycles right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(Cycles left, Cycles right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static Cycles Parse(string text) =>
        TryParse(text, out Cycles value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out Cycles value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new((long)count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(Cycles other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
