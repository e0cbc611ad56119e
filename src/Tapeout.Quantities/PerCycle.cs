namespace Tapeout.Quantities;

/// <summary>
/// Operations, multiply-accumulates or elements in one clock cycle.
/// Text is a number with a unit, e.g. "4096/cycle"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of per cycle.</param>
public readonly record struct PerCycle(long Count) : IQuantity<PerCycle>
{
    private static readonly UnitTable Table = new("a rate per cycle", "4096/cycle", long.MaxValue, [("/cycle", 1)]);

    /// <summary>Nothing.</summary>
    public static PerCycle Zero => default;

    /// <inheritdoc/>
    public static string Noun => "a rate per cycle";

    /// <inheritdoc/>
    public static string Example => "4096/cycle";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>The cycles that <paramref name="operations"/> take, rounded up.</summary>
    public Cycles TimeFor(long operations) => new(operations / Count + (operations % Count == 0 ? 0 : 1));

    /// <summary>The sum; overflow throws.</summary>
    public static PerCycle operator +(PerCycle left, PerCycle right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static PerCycle operator -(PerCycle left, PerCycle right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static PerCycle operator *(PerCycle value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(PerCycle left, PerCycle right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(PerCycle left, PerCycle right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(PerCycle left, PerCycle right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(PerCycle left, PerCycle right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static PerCycle Parse(string text) =>
        TryParse(text, out PerCycle value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out PerCycle value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new((long)count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(PerCycle other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
