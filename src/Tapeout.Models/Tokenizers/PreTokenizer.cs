namespace Tapeout.Models.Tokenizers;

/// <summary>
/// Cuts a text into the words within which byte pairs merge. The published families are regular expressions; they are written out as
/// scanners, since .NET's <c>Regex</c> sees UTF-16 units and its <c>\p{L}</c> misses letters beyond U+FFFF. A family is a list of stages: each
/// cuts every piece of the one before; what a stage does not match is a piece of its own.
/// </summary>
internal sealed class PreTokenizer
{
    private static readonly Dictionary<string, PreTokenizer> _families = new(StringComparer.Ordinal)
    {
        ["default"] = new(WordPatterns.PunctuationRun, WordPatterns.Gpt2, WordPatterns.NumberRun, WordPatterns.AsciiDigitTriple),
        ["gpt-2"] = new(WordPatterns.Gpt2),
        ["smollm"] = new(WordPatterns.OneNumber, WordPatterns.Gpt2),
        ["llama-bpe"] = new(WordPatterns.Llama3),
        ["qwen2"] = new(WordPatterns.Qwen2),
        ["deepseek-v3"] = new(WordPatterns.UpToThreeNumbers, WordPatterns.ChineseAndKana, WordPatterns.DeepSeek),
        ["gpt-4o"] = new(WordPatterns.Gpt4o),
    };

    // Other names that converters write for the same cutting.
    private static readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal)
    {
        ["llama3"] = "llama-bpe",
        ["llama-v3"] = "llama-bpe",
        ["starcoder"] = "smollm",
        ["refact"] = "smollm",
        ["deepseek-r1-qwen"] = "qwen2",
    };

    private readonly WordPattern[] _stages;

    private PreTokenizer(params WordPattern[] stages) => _stages = stages;

    /// <summary>The end of the match that starts at <paramref name="start"/>, or <paramref name="start"/> if there is none.</summary>
    internal delegate int WordPattern(ReadOnlySpan<char> text, int start);

    /// <summary>The names of the families, for messages.</summary>
    public static string Names => string.Join(", ", _families.Keys);

    /// <summary>The cutter of a family by its name in <c>tokenizer.ggml.pre</c>, or null.</summary>
    public static PreTokenizer? Find(string family) => _families.GetValueOrDefault(_aliases.GetValueOrDefault(family, family));

    /// <summary>True for Llama 3, which looks a whole word up before it merges.</summary>
    public static bool IgnoresMerges(string family) => _aliases.GetValueOrDefault(family, family) == "llama-bpe";

    /// <summary>The words of <paramref name="text"/>, in order and without gaps.</summary>
    public List<Word> Cut(ReadOnlySpan<char> text)
    {
        List<Word> words = [new(0, text.Length)];
        foreach (WordPattern stage in _stages)
        {
            List<Word> finer = new(Math.Max(words.Count, text.Length / 4));
            foreach (Word word in words)
                CutPiece(text.Slice(word.Start, word.Length), word.Start, stage, finer);
            words = finer;
        }
        return words;
    }

    private static void CutPiece(ReadOnlySpan<char> piece, int offset, WordPattern pattern, List<Word> words)
    {
        int unmatched = 0;
        int at = 0;
        while (at < piece.Length)
        {
            int end = pattern(piece, at);
            if (end == at)
            {
                CharacterClasses.At(piece, at, out int length);
                at += length;
                continue;
            }
            if (at > unmatched)
                words.Add(new(offset + unmatched, at - unmatched));
            words.Add(new(offset + at, end - at));
            at = unmatched = end;
        }
        if (at > unmatched)
            words.Add(new(offset + unmatched, at - unmatched));
    }

    /// <summary>Part of a text.</summary>
    internal readonly record struct Word(int Start, int Length);
}
