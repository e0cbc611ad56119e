namespace Tapeout.Isa;

/// <summary>A run of bits of a 32-bit word: the only place where instruction words are shifted and masked.</summary>
/// <param name="Name">What the bits hold.</param>
/// <param name="Low">The lowest bit.</param>
/// <param name="Width">The number of bits, at most 16.</param>
public readonly record struct BitField(string Name, int Low, int Width)
{
    /// <summary>The largest value.</summary>
    public int Maximum => (1 << Width) - 1;

    /// <summary>The bits of a word.</summary>
    public int Extract(int word) => word >>> Low & Maximum;

    /// <summary>A word with the bits set and zeros elsewhere.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value does not fit.</exception>
    public int Insert(int value) =>
        (value >= 0 && value <= Maximum)
            ? value << Low
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"{Name} has {Width} bits: at most {Maximum}.");
}
