using System.Globalization;

namespace Tapeout.Models.Tokenizers;

/// <summary>Classifies code points.</summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] _ascii = [.. Enumerable.Range(0, 128).Select(c => OfCodePoint(c))];

    /// <summary>The class of the code point at <paramref name="index"/> and the chars it takes; (None, 0) at the end.</summary>
    public static CharacterClass At(ReadOnlySpan<char> text, int index, out int length)
    {
        if (index >= text.Length)
        {
            length = 0;
            return CharacterClass.None;
        }
        char c = text[index];
        length = 1;
        if (c < 128)
            return _ascii[c];
        if (char.IsHighSurrogate(c) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
        {
            length = 2;
            return OfCodePoint(char.ConvertToUtf32(c, text[index + 1]));
        }
        return OfCodePoint(c);
    }

    /// <summary>The end of the run from <paramref name="index"/> of code points with any class of <paramref name="any"/>.</summary>
    public static int Run(ReadOnlySpan<char> text, int index, CharacterClass any, int most = int.MaxValue)
    {
        while (most-- > 0 && (At(text, index, out int length) & any) != 0)
            index += length;
        return index;
    }

    /// <summary>The end of the run from <paramref name="index"/> of code points with no class of <paramref name="none"/>.</summary>
    public static int RunWithout(ReadOnlySpan<char> text, int index, CharacterClass none)
    {
        while (index < text.Length && (At(text, index, out int length) & none) == 0)
            index += length;
        return index;
    }

    private static CharacterClass OfCodePoint(int c)
    {
        CharacterClass space = c <= char.MaxValue && char.IsWhiteSpace((char)c) ? CharacterClass.Space : CharacterClass.None;
        if (c is '\r' or '\n')
            space |= CharacterClass.NewLine;
        return space
            | CharUnicodeInfo.GetUnicodeCategory(c) switch
            {
                UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => CharacterClass.Letter | CharacterClass.UpperPart,
                UnicodeCategory.LowercaseLetter => CharacterClass.Letter | CharacterClass.LowerPart,
                UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => CharacterClass.Letter
                    | CharacterClass.UpperPart
                    | CharacterClass.LowerPart,
                UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark =>
                    CharacterClass.Mark | CharacterClass.UpperPart | CharacterClass.LowerPart,
                UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
                UnicodeCategory.ConnectorPunctuation
                or UnicodeCategory.DashPunctuation
                or UnicodeCategory.OpenPunctuation
                or UnicodeCategory.ClosePunctuation
                or UnicodeCategory.InitialQuotePunctuation
                or UnicodeCategory.FinalQuotePunctuation
                or UnicodeCategory.OtherPunctuation => CharacterClass.Punctuation,
                UnicodeCategory.MathSymbol
                or UnicodeCategory.CurrencySymbol
                or UnicodeCategory.ModifierSymbol
                or UnicodeCategory.OtherSymbol => CharacterClass.Symbol,
                _ => CharacterClass.None,
            };
    }
}
