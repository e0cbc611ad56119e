namespace Tapeout.Quantities;

/// <summary>
/// An energy in attojoules. Attojoules, since an int4 multiply-accumulate at 3 nm is 20.6 fJ and whole femtojoules would be wrong by 3 %;
/// Int128 holds 1.7e20 J, where a long of femtojoules ends at 9.2 kJ.
/// Text is a number with a unit, e.g. "0.2pJ"; units are case-sensitive and never implied.
/// </summary>
/// <param name="Count">The number of attojoules.</param>
public readonly record struct Energy(Int128 Count) : IQuantity<Energy>
{
    private static readonly UnitTable Table = new(
        "an energy",
        "0.2pJ",
        Int128.MaxValue,
        [
            ("aJ", 1),
            ("fJ", 1_000),
            ("pJ", 1_000_000),
            ("nJ", 1_000_000_000),
            ("uJ", 1_000_000_000_000),
            ("mJ", 1_000_000_000_000_000),
            ("J", 1_000_000_000_000_000_000),
            ("kJ", (Int128)1_000_000_000_000_000_000 * 1_000),
        ],
        ("µJ", "uJ")
    );

    /// <summary>Nothing.</summary>
    public static Energy Zero => default;

    /// <inheritdoc/>
    public static string Noun => "an energy";

    /// <inheritdoc/>
    public static string Example => "0.2pJ";

    /// <inheritdoc/>
    public static IReadOnlyList<string> Units => Table.Names;

    /// <inheritdoc/>
    public Int128 BaseUnits => Count;

    /// <summary>A whole number of femtojoules.</summary>
    public static Energy FromFemtojoules(long count) => new(count * (Int128)1_000);

    /// <summary>This in femtojoules, for reports: rounded to a double.</summary>
    public double TotalFemtojoules => (double)Count / 1_000.0;

    /// <summary>A whole number of picojoules.</summary>
    public static Energy FromPicojoules(long count) => new(count * (Int128)1_000_000);

    /// <summary>This in picojoules, for reports: rounded to a double.</summary>
    public double TotalPicojoules => (double)Count / 1_000_000.0;

    /// <summary>A whole number of joules.</summary>
    public static Energy FromJoules(long count) => new(count * (Int128)1_000_000_000_000_000_000);

    /// <summary>This in joules, for reports: rounded to a double.</summary>
    public double TotalJoules => (double)Count / 1_000_000_000_000_000_000.0;

    /// <summary>The energy of <paramref name="power"/> over <paramref name="time"/>, rounded down to an attojoule.</summary>
    public static Energy From(Power power, Duration time) => new(power.Count * time.Count / 1_000);

    /// <summary>The sum; overflow throws.</summary>
    public static Energy operator +(Energy left, Energy right) => new(left.Count + right.Count);

    /// <summary>The difference; overflow throws.</summary>
    public static Energy operator -(Energy left, Energy right) => new(left.Count - right.Count);

    /// <summary>So many times this; overflow throws.</summary>
    public static Energy operator *(Energy value, long factor) => new(value.Count * factor);

    /// <summary>Compares the amounts.</summary>
    public static bool operator <(Energy left, Energy right) => left.Count < right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >(Energy left, Energy right) => left.Count > right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator <=(Energy left, Energy right) => left.Count <= right.Count;

    /// <summary>Compares the amounts.</summary>
    public static bool operator >=(Energy left, Energy right) => left.Count >= right.Count;

    /// <inheritdoc/>
    public static Energy Parse(string text) =>
        TryParse(text, out Energy value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <inheritdoc/>
    public static bool TryParse(string text, out Energy value, out string problem)
    {
        bool parsed = Table.TryParse(text, out Int128 count, out problem);
        value = new(count);
        return parsed;
    }

    /// <inheritdoc/>
    public int CompareTo(Energy other) => Count.CompareTo(other.Count);

    /// <inheritdoc/>
    public override string ToString() => Table.Print(Count);
}
