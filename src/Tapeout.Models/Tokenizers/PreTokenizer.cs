using System.Text;

namespace Tapeout.Models.Tokenizers;

/// <summary>
/// Cuts text into the words inside which byte-level tokens merge. The families' patterns are scanned by hand over Unicode scalar values: a
/// .NET regular expression works on UTF-16 units and would not see letters beyond U+FFFF.
/// </summary>
internal sealed class PreTokenizer
{
    private static readonly Dictionary<string, PreTokenizer> _families = new(StringComparer.Ordinal)
    {
        ["default"] = new(Pattern.Gpt2, false),
        ["gpt-2"] = new(Pattern.Gpt2, false),
        ["smollm"] = new(Pattern.Gpt2, true),
        ["llama-bpe"] = new(Pattern.Llama3, false),
        ["llama3"] = new(Pattern.Llama3, false),
        ["qwen2"] = new(Pattern.Qwen2, false),
    };

    private readonly Pattern _pattern;
    private readonly bool _splitsDigits;

    private PreTokenizer(Pattern pattern, bool splitsDigits)
    {
        _pattern = pattern;
        _splitsDigits = splitsDigits;
    }

    private enum Pattern
    {
        Gpt2,
        Llama3,
        Qwen2,
    }

    /// <summary>A word: a range of UTF-16 units.</summary>
    public readonly record struct Word(int Start, int Length);

    /// <summary>The families that <see cref="Find"/> knows, as a list for people.</summary>
    public static string Names => string.Join(", ", _families.Keys.Order(StringComparer.Ordinal));

    /// <summary>The scanner of a family (<c>tokenizer.ggml.pre</c>); null for an unknown one.</summary>
    public static PreTokenizer? Find(string family) => _families.GetValueOrDefault(family);

    /// <summary>True for families that look a whole word up before merging it.</summary>
    public static bool IgnoresMerges(string family) => family is "llama-bpe" or "llama3";

    /// <summary>The words of a text, in order and without gaps.</summary>
    public List<Word> Cut(ReadOnlySpan<char> text)
    {
        List<Word> words = [];
        int start = 0;
        if (_splitsDigits)
        {
            // Every numeric character (Nd, Nl, No) is a word of its own; the pattern sees what lies between.
            for (int at = 0; at < text.Length; )
            {
                Rune.DecodeFromUtf16(text[at..], out Rune rune, out int size);
                if (IsNumber(rune))
                {
                    Scan(text[start..at], start, words);
                    words.Add(new(at, size));
                    start = at + size;
                }
                at += size;
            }
        }
        Scan(text[start..], start, words);
        return words;
    }

    private void Scan(ReadOnlySpan<char> text, int offset, List<Word> words)
    {
        for (int at = 0; at < text.Length; )
        {
            int length = _pattern == Pattern.Gpt2 ? Gpt2(text[at..]) : Llama3(text[at..], _pattern == Pattern.Llama3 ? 3 : 1);
            words.Add(new(offset + at, length));
            at += length;
        }
    }

    /// <summary><c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c></summary>
    private static int Gpt2(ReadOnlySpan<char> text)
    {
        int contraction = Contraction(text, false);
        if (contraction > 0)
            return contraction;
        int lead = text[0] == ' ' ? 1 : 0;
        foreach (Func<Rune, bool> kind in (ReadOnlySpan<Func<Rune, bool>>)[Rune.IsLetter, IsNumber, IsOther])
        {
            int run = Run(text[lead..], kind, int.MaxValue);
            if (run > 0)
                return lead + run;
        }
        return Spaces(text);
    }

    /// <summary>
    /// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>
    /// </summary>
    private static int Llama3(ReadOnlySpan<char> text, int digits)
    {
        int contraction = Contraction(text, true);
        if (contraction > 0)
            return contraction;
        Rune.DecodeFromUtf16(text, out Rune first, out int size);
        int lead = first.Value is not ('\r' or '\n') && !Rune.IsLetter(first) && !IsNumber(first) ? size : 0;
        int letters = Run(text[lead..], Rune.IsLetter, int.MaxValue);
        if (letters > 0)
            return lead + letters;
        int numbers = Run(text, IsNumber, digits);
        if (numbers > 0)
            return numbers;
        lead = text[0] == ' ' ? 1 : 0;
        int other = Run(text[lead..], IsOther, int.MaxValue);
        if (other > 0)
            return lead + other + Run(text[(lead + other)..], r => r.Value is '\r' or '\n', int.MaxValue);
        int spaces = Run(text, Rune.IsWhiteSpace, int.MaxValue);
        int lastBreak = text[..spaces].LastIndexOfAny('\r', '\n');
        return lastBreak >= 0 ? lastBreak + 1 : Spaces(text);
    }

    /// <summary><c>\s+(?!\S)|\s+</c>: the last space of a run belongs to the word behind it.</summary>
    private static int Spaces(ReadOnlySpan<char> text)
    {
        int run = Run(text, Rune.IsWhiteSpace, int.MaxValue);
        if (run == text.Length || run <= 1)
            return Math.Max(run, 1);
        return run - 1;
    }

    private static int Contraction(ReadOnlySpan<char> text, bool ignoreCase)
    {
        if (text.Length < 2 || text[0] != '\'')
            return 0;
        foreach (string ending in (ReadOnlySpan<string>)["s", "t", "re", "ve", "m", "ll", "d"])
        {
            if (text.Length > ending.Length && Matches(text.Slice(1, ending.Length), ending, ignoreCase))
                return 1 + ending.Length;
        }
        return 0;
    }

    /// <summary>Under case-insensitive matching the long s, U+017F, is an s.</summary>
    private static bool Matches(ReadOnlySpan<char> text, string ending, bool ignoreCase)
    {
        for (int i = 0; i < ending.Length; i++)
        {
            char c = text[i];
            if (ignoreCase)
                c = c == '\u017f' ? 's' : char.ToLowerInvariant(c);
            if (c != ending[i])
                return false;
        }
        return true;
    }

    private static int Run(ReadOnlySpan<char> text, Func<Rune, bool> kind, int most)
    {
        int at = 0;
        for (int i = 0; i < most && at < text.Length; i++)
        {
            Rune.DecodeFromUtf16(text[at..], out Rune rune, out int size);
            if (!kind(rune))
                break;
            at += size;
        }
        return at;
    }

    private static bool IsNumber(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is System.Globalization.UnicodeCategory.DecimalDigitNumber
                or System.Globalization.UnicodeCategory.LetterNumber
                or System.Globalization.UnicodeCategory.OtherNumber;

    private static bool IsOther(Rune rune) => !Rune.IsWhiteSpace(rune) && !Rune.IsLetter(rune) && !IsNumber(rune);
}
