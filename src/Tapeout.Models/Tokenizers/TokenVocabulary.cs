using System.Text;
using Tapeout.Models.Importers;
using Tapeout.Quantities;

namespace Tapeout.Models.Tokenizers;

/// <summary>The tokens of a GGUF file: texts, types, scores, and the special ones.</summary>
internal sealed class TokenVocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly TokenType[] _types;

    private TokenVocabulary(string[] texts, TokenType[] types, float[]? scores)
    {
        Texts = texts;
        _types = types;
        Scores = scores;
        _ids = new(texts.Length);
        for (int i = 0; i < texts.Length; i++)
        {
            // Of equal texts the last counts, as in llama.cpp.
            if (texts[i].Length > 0)
                _ids[texts[i]] = i;
        }
        // Longer special texts are looked for first.
        Special =
        [
            .. Enumerable
                .Range(0, texts.Length)
                .Where(i => texts[i].Length > 0 && types[i] is TokenType.Control or TokenType.UserDefined or TokenType.Unknown)
                .OrderByDescending(i => Encoding.UTF8.GetByteCount(texts[i])),
        ];
    }

    /// <summary>The stored texts.</summary>
    public string[] Texts { get; }

    /// <summary>The scores, where the file has them.</summary>
    public float[]? Scores { get; }

    /// <summary>Control, user-defined and unknown tokens, longest text first.</summary>
    public int[] Special { get; }

    /// <summary>The number of tokens.</summary>
    public int Count => Texts.Length;

    /// <summary>The ids by text.</summary>
    public Dictionary<string, int> Ids => _ids;

    public required int? BeginningOfText { get; init; }

    public required int? EndOfText { get; init; }

    public required int? Unknown { get; init; }

    public required bool AddBeginningOfText { get; init; }

    public required bool AddEndOfText { get; init; }

    /// <summary>Reads the vocabulary; <paramref name="most"/> is the number of rows of the embedding, if there is one.</summary>
    public static TokenVocabulary Load(GgufMetadata metadata, int? most)
    {
        string[] texts =
            metadata.OptionalTexts("tokenizer.ggml.tokens")
            ?? throw new InvalidInputException(
                $"{metadata.Source} has a tokenizer without 'tokenizer.ggml.tokens'; convert the model again."
            );
        if (texts.Length == 0 || texts.Length > most)
        {
            throw new InvalidInputException(
                $"{metadata.Source}: 'tokenizer.ggml.tokens' has {texts.Length} tokens, the embedding {most} rows; convert the model again."
            );
        }
        int[]? types = metadata.OptionalIntegers("tokenizer.ggml.token_type");
        float[]? scores = metadata.OptionalFloats("tokenizer.ggml.scores");
        RefuseOtherLength(metadata, "tokenizer.ggml.token_type", types?.Length, texts.Length);
        RefuseOtherLength(metadata, "tokenizer.ggml.scores", scores?.Length, texts.Length);
        int nan = scores is null ? -1 : Array.FindIndex(scores, float.IsNaN);
        if (nan >= 0)
            throw new InvalidInputException($"{metadata.Source}: the score of token {nan} ('tokenizer.ggml.scores') is not a number.");
        TokenType[] kinds = types is null ? [.. Enumerable.Repeat(TokenType.Normal, texts.Length)] : [.. types.Select(t => (TokenType)t)];
        int? begin = metadata.TokenId("tokenizer.ggml.bos_token_id", texts.Length);
        int? end = metadata.TokenId("tokenizer.ggml.eos_token_id", texts.Length);
        return new(texts, kinds, scores)
        {
            BeginningOfText = begin,
            EndOfText = end,
            Unknown = metadata.TokenId("tokenizer.ggml.unknown_token_id", texts.Length),
            AddBeginningOfText = begin is not null && GgufTokenizer.AddsBeginningOfText(metadata),
            AddEndOfText = end is not null && (metadata.OptionalBool("tokenizer.ggml.add_eos_token") ?? false),
        };
    }

    /// <summary>The type of token <paramref name="id"/>.</summary>
    public TokenType TypeOf(int id) => _types[id];

    /// <summary>True for control tokens and the unknown token.</summary>
    public bool IsControl(int id) => (uint)id < (uint)_types.Length && _types[id] is TokenType.Control or TokenType.Unknown;

    /// <summary>True if <paramref name="text"/> contains the text of a control token.</summary>
    public bool ContainsControlText(string text) => Special.Any(id => IsControl(id) && text.Contains(Texts[id], StringComparison.Ordinal));

    /// <summary>
    /// Cuts <paramref name="text"/> at the texts of special tokens: user-defined ones always, control tokens with <paramref
    /// name="parseSpecial"/>. Longer texts are looked for first, over the whole text, as llama.cpp does.
    /// </summary>
    public List<Fragment> Cut(string text, bool parseSpecial)
    {
        List<Fragment> fragments = text.Length == 0 ? [] : [new(0, text.Length, -1)];
        foreach (int id in Special)
        {
            if (!parseSpecial && IsControl(id))
                continue;
            string mark = Texts[id];
            if (!text.Contains(mark, StringComparison.Ordinal))
                continue;
            List<Fragment> cut = new(fragments.Count + 8);
            foreach (Fragment fragment in fragments)
            {
                if (fragment.Token >= 0)
                    cut.Add(fragment);
                else
                    CutOne(text, fragment, mark, id, cut);
            }
            fragments = cut;
        }
        return fragments;
    }

    /// <summary><paramref name="text"/> with lone surrogates replaced by U+FFFD.</summary>
    public static string WellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        }
        return text;
    }

    private static void CutOne(string text, Fragment fragment, string mark, int id, List<Fragment> cut)
    {
        int start = fragment.Start;
        int end = fragment.Start + fragment.Length;
        while (start < end)
        {
            int at = text.IndexOf(mark, start, end - start, StringComparison.Ordinal);
            if (at < 0)
                break;
            if (at > start)
                cut.Add(new(start, at - start, -1));
            cut.Add(new(at, mark.Length, id));
            start = at + mark.Length;
        }
        if (start < end)
            cut.Add(new(start, end - start, -1));
    }

    private static void RefuseOtherLength(GgufMetadata metadata, string key, int? found, int wanted)
    {
        if (found is not null && found != wanted)
        {
            throw new InvalidInputException(
                $"{metadata.Source}: '{key}' has {found} elements for {wanted} tokens; the file is damaged, convert the model again."
            );
        }
    }

    /// <summary>Part of a text: plain where <paramref name="Token"/> is −1, else one special token.</summary>
    internal readonly record struct Fragment(int Start, int Length, int Token);
}
