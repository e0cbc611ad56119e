using static Tapeout.Models.Tokenizers.CharacterClass;
using static Tapeout.Models.Tokenizers.CharacterClasses;

namespace Tapeout.Models.Tokenizers;

/// <summary>
/// The patterns of the pre-tokenizer families, each with its published regular expression. A pattern gives the end of the match at a
/// position, or the position itself. Alternatives are tried in the order of the expression; greedy parts give back as a regex engine would.
/// </summary>
internal static class WordPatterns
{
    private const CharacterClass LetterOrNumber = Letter | Number;

    /// <summary><c>\p{N}</c></summary>
    public static int OneNumber(ReadOnlySpan<char> text, int start) => Run(text, start, Number, 1);

    /// <summary><c>\p{N}{1,3}</c></summary>
    public static int UpToThreeNumbers(ReadOnlySpan<char> text, int start) => Run(text, start, Number, 3);

    /// <summary><c>\p{N}+</c></summary>
    public static int NumberRun(ReadOnlySpan<char> text, int start) => Run(text, start, Number);

    /// <summary><c>[0-9][0-9][0-9]</c></summary>
    public static int AsciiDigitTriple(ReadOnlySpan<char> text, int start) =>
        text.Length - start >= 3
        && char.IsAsciiDigit(text[start])
        && char.IsAsciiDigit(text[start + 1])
        && char.IsAsciiDigit(text[start + 2])
            ? start + 3
            : start;

    /// <summary><c>[\p{P}\$\+&lt;=&gt;\^~\|]+</c></summary>
    public static int PunctuationRun(ReadOnlySpan<char> text, int start)
    {
        int at = start;
        while (
            (At(text, at, out int length) & Punctuation) != 0
            || length == 1 && text[at] is '$' or '+' or '<' or '=' or '>' or '^' or '~' or '|'
        )
            at += length;
        return at;
    }

    /// <summary><c>[一-龥぀-ゟ゠-ヿ]+</c></summary>
    public static int ChineseAndKana(ReadOnlySpan<char> text, int start)
    {
        int at = start;
        while (at < text.Length && text[at] is (>= '\u4e00' and <= '\u9fa5') or (>= '\u3040' and <= '\u30ff'))
            at++;
        return at;
    }

    /// <summary>
    /// GPT-2: <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>
    /// </summary>
    public static int Gpt2(ReadOnlySpan<char> text, int start)
    {
        int end = Contraction(text, start, ignoreCase: false);
        if (end > start)
            return end;
        int at = text[start] == ' ' ? start + 1 : start;
        CharacterClass kind = At(text, at, out int length);
        if (length > 0 && (kind & Space) == 0)
        {
            return (kind & Letter) != 0 ? Run(text, at, Letter)
                : (kind & Number) != 0 ? Run(text, at, Number)
                : RunWithout(text, at, Space | LetterOrNumber);
        }
        return Spaces(text, start);
    }

    /// <summary>
    /// Llama 3: <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>
    /// </summary>
    public static int Llama3(ReadOnlySpan<char> text, int start) => LlamaLike(text, start, 3);

    /// <summary>Qwen 2: as Llama 3 with single <c>\p{N}</c>.</summary>
    public static int Qwen2(ReadOnlySpan<char> text, int start) => LlamaLike(text, start, 1);

    /// <summary>
    /// DeepSeek V3, third stage: <c>[!"#$%&amp;'()*+,\-./:;&lt;=&gt;?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|
    /// ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>
    /// </summary>
    public static int DeepSeek(ReadOnlySpan<char> text, int start)
    {
        char first = text[start];
        if (char.IsAscii(first) && (char.IsPunctuation(first) || char.IsSymbol(first)))
        {
            int end = start + 1;
            while (end < text.Length && char.IsAsciiLetter(text[end]))
                end++;
            if (end > start + 1)
                return end;
        }
        CharacterClass kind = At(text, start, out int length);
        if ((kind & (NewLine | Letter | Punctuation | Symbol)) == 0 && (At(text, start + length, out _) & (Letter | Mark)) != 0)
            return Run(text, start + length, Letter | Mark);
        if ((kind & (Letter | Mark)) != 0)
            return Run(text, start, Letter | Mark);
        int at = first == ' ' ? start + 1 : start;
        if ((At(text, at, out _) & (Punctuation | Symbol)) != 0)
            return Run(text, Run(text, at, Punctuation | Symbol), NewLine);
        return (kind & Space) != 0 ? SpacesOrLines(text, start) : start;
    }

    /// <summary>
    /// GPT-4o: <c>[^\r\n\p{L}\p{N}]?U*L+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?U+L*(?i:'s|…)?|\p{N}{1,3}|
    /// ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+</c> with U = <c>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]</c> and L =
    /// <c>[\p{Ll}\p{Lm}\p{Lo}\p{M}]</c>: the model's own expression (tiktoken's), not llama.cpp's approximation of it.
    /// </summary>
    public static int Gpt4o(ReadOnlySpan<char> text, int start)
    {
        CharacterClass kind = At(text, start, out int length);
        bool canLead = (kind & (NewLine | LetterOrNumber)) == 0;
        int end = canLead ? UpperThenLower(text, start + length) : -1;
        if (end < 0)
            end = UpperThenLower(text, start);
        if (end < 0 && canLead)
            end = UpperOnly(text, start + length);
        if (end < 0)
            end = UpperOnly(text, start);
        if (end >= 0)
            return Contraction(text, end, ignoreCase: true);
        if ((kind & Number) != 0)
            return Run(text, start, Number, 3);
        int at = text[start] == ' ' ? start + 1 : start;
        int symbols = RunWithout(text, at, Space | LetterOrNumber);
        if (symbols > at)
        {
            while (symbols < text.Length && text[symbols] is '\r' or '\n' or '/')
                symbols++;
            return symbols;
        }
        return SpacesOrLines(text, start);
    }

    private static int LlamaLike(ReadOnlySpan<char> text, int start, int digits)
    {
        int end = Contraction(text, start, ignoreCase: true);
        if (end > start)
            return end;
        CharacterClass kind = At(text, start, out int length);
        if ((kind & (NewLine | LetterOrNumber)) == 0 && (At(text, start + length, out _) & Letter) != 0)
            return Run(text, start + length, Letter);
        if ((kind & Letter) != 0)
            return Run(text, start, Letter);
        if ((kind & Number) != 0)
            return Run(text, start, Number, digits);
        int at = text[start] == ' ' ? start + 1 : start;
        end = RunWithout(text, at, Space | LetterOrNumber);
        return end > at ? Run(text, end, NewLine) : SpacesOrLines(text, start);
    }

    /// <summary>U*L+: U* takes what it can and gives back up to the last that L+ can start with; −1 without a match.</summary>
    private static int UpperThenLower(ReadOnlySpan<char> text, int start)
    {
        int upper = Run(text, start, UpperPart);
        int end = Run(text, upper, LowerPart);
        if (end > upper)
            return end;
        int found = -1;
        for (int at = start; at < upper; )
        {
            CharacterClass kind = At(text, at, out int length);
            at += length;
            if ((kind & LowerPart) != 0)
                found = at;
        }
        return found;
    }

    /// <summary>U+L*; −1 without a match.</summary>
    private static int UpperOnly(ReadOnlySpan<char> text, int start)
    {
        int upper = Run(text, start, UpperPart);
        return upper > start ? Run(text, upper, LowerPart) : -1;
    }

    /// <summary><c>'s|'t|'re|'ve|'m|'ll|'d</c>. Ignoring case, ſ (U+017F) is an s: Unicode case folding.</summary>
    private static int Contraction(ReadOnlySpan<char> text, int start, bool ignoreCase)
    {
        if (start + 1 >= text.Length || text[start] != '\'')
            return start;
        char first = text[start + 1];
        char second = start + 2 < text.Length ? text[start + 2] : '\0';
        if (ignoreCase)
        {
            first = first == 'ſ' ? 's' : char.ToLowerInvariant(first);
            second = char.ToLowerInvariant(second);
        }
        return (first, second) switch
        {
            ('s' or 't' or 'm' or 'd', _) => start + 2,
            ('r' or 'v', 'e') or ('l', 'l') => start + 3,
            _ => start,
        };
    }

    /// <summary><c>\s*[\r\n]+|\s+(?!\S)|\s+</c>: up to the last line break of the run of spaces, else as <see cref="Spaces"/>.</summary>
    private static int SpacesOrLines(ReadOnlySpan<char> text, int start)
    {
        int end = Run(text, start, Space);
        int newLine = text[start..end].LastIndexOfAny('\r', '\n');
        return newLine >= 0 ? start + newLine + 1 : Spaces(text, start);
    }

    /// <summary><c>\s+(?!\S)|\s+</c>: a run of spaces leaves its last one to the word behind it, unless it has only one.</summary>
    private static int Spaces(ReadOnlySpan<char> text, int start)
    {
        int end = Run(text, start, Space);
        return end < text.Length && end > start + 1 ? end - 1 : end;
    }
}
