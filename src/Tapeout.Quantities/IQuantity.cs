namespace Tapeout.Quantities;

/// <summary>
/// A quantity over an integer count of its base unit. Text always carries a unit: <see cref="object.ToString"/> prints exactly, and
/// parsing what was printed gives the same quantity.
/// </summary>
/// <typeparam name="TSelf">The quantity itself.</typeparam>
public interface IQuantity<TSelf> : IComparable<TSelf>, IComparable
    where TSelf : struct, IQuantity<TSelf>
{
    /// <summary>The count of base units, as the summary of the type names them.</summary>
    Int128 BaseUnits { get; }

    /// <summary>What a person calls it, with its article: "a duration".</summary>
    static abstract string Noun { get; }

    /// <summary>A text that parses: "5ns".</summary>
    static abstract string Example { get; }

    /// <summary>The units that text may carry, from small to large.</summary>
    static abstract IReadOnlyList<string> Units { get; }

    /// <summary>Parses a number with a unit; throws <see cref="InvalidInputException"/> saying what is allowed.</summary>
    static abstract TSelf Parse(string text);

    /// <summary>Parses a number with a unit; on failure <paramref name="problem"/> says what is allowed, as a clause without a full stop.</summary>
    static abstract bool TryParse(string text, out TSelf value, out string problem);

    int IComparable.CompareTo(object? obj) =>
        obj is TSelf other ? CompareTo(other) : throw new ArgumentException($"{obj} is not {TSelf.Noun}.", nameof(obj));
}
