namespace Tapeout.Numerics;

/// <summary>The type of one stored element. The values reach disk (tapes, hashes): the list only grows.</summary>
public enum ElementType : byte
{
    /// <summary>Nothing is stored.</summary>
    None = 0,

    /// <summary>IEEE 754 binary32.</summary>
    F32 = 1,

    /// <summary>IEEE 754 binary16.</summary>
    F16 = 2,

    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16 = 3,

    /// <summary>Two's complement 32 bits: accumulators, identifiers, counts.</summary>
    I32 = 4,

    /// <summary>Two's complement 8 bits, −127…127 (−128 occurs only in files of other makers).</summary>
    I8 = 5,

    /// <summary>Two's complement 4 bits, −8…7, stored as code + 8.</summary>
    I4 = 6,

    /// <summary>Unsigned 4 bits, 0…15; the value needs a zero point or a minimum.</summary>
    U4 = 7,

    /// <summary>−1, 0, +1, stored as code + 1 in two bits.</summary>
    Ternary = 8,

    /// <summary>−1 or +1, stored as one bit (1 is +1).</summary>
    Binary = 9,
}
