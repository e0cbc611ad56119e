namespace Tapeout.Models.Tokenizers;

/// <summary>What the patterns of pre-tokenizers ask of a code point. Surrogate pairs are read as one code point.</summary>
[Flags]
internal enum CharacterClass
{
    None = 0,

    /// <summary>\p{L}.</summary>
    Letter = 1,

    /// <summary>\p{N}: decimal digits, letter numbers and others (½, Ⅻ).</summary>
    Number = 2,

    /// <summary>\p{M}.</summary>
    Mark = 4,

    /// <summary>\p{P}.</summary>
    Punctuation = 8,

    /// <summary>\p{S}.</summary>
    Symbol = 16,

    /// <summary>\s: Unicode's White_Space.</summary>
    Space = 32,

    /// <summary>\r or \n.</summary>
    NewLine = 64,

    /// <summary>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}].</summary>
    UpperPart = 128,

    /// <summary>[\p{Ll}\p{Lm}\p{Lo}\p{M}].</summary>
    LowerPart = 256,
}
