using System.Buffers;
using System.Text;

namespace Tapeout.Models.Tokenizers;

/// <summary>
/// SentencePiece byte-pair encoding (<c>tokenizer.ggml.model = llama</c>): spaces become ▁, neighbours merge where the joined text is a
/// token, higher scores first; characters without a token become byte tokens. Reads the vocabulary as llama.cpp does: no normalisation, and
/// runs of spaces stay (sentencepiece's remove_extra_whitespaces is not in a GGUF file).
/// </summary>
internal sealed class SentencePieceTokenizer : ITokenizer
{
    private const char Space = '▁';

    // Building merges takes all ways of cutting a token in two; nothing merges into texts beyond this length in any real vocabulary.
    private const int LongestMerge = 256;

    private readonly TokenVocabulary _vocabulary;
    private readonly MergeTable _merges = new();
    private readonly Dictionary<int, int> _characters = [];
    private readonly int[] _byteTokens = new int[256];
    private readonly bool _addSpace;
    private readonly bool _cutAtSpaces = true;

    public SentencePieceTokenizer(TokenVocabulary vocabulary, bool addSpace)
    {
        _vocabulary = vocabulary;
        _addSpace = addSpace;
        AddCharacters();
        AddMerges();
        foreach (string text in vocabulary.Texts)
        {
            int start = text.AsSpan().IndexOfAnyExcept(Space);
            if (start >= 0 && text.AsSpan(start).Contains(Space))
                _cutAtSpaces = false;
        }
        for (int b = 0; b < 256; b++)
            _byteTokens[b] = vocabulary.Ids.TryGetValue($"<0x{b:X2}>", out int id) ? id : vocabulary.Unknown ?? -1;
    }

    /// <inheritdoc/>
    public int VocabularySize => _vocabulary.Count;

    /// <inheritdoc/>
    public bool StripsFirstSpace => _addSpace;

    /// <inheritdoc/>
    public int[] Encode(string text, bool addSpecial, bool parseSpecial)
    {
        text = TokenVocabulary.WellFormed(text);
        List<int> ids = new(text.Length / 3 + 4);
        if (addSpecial && _vocabulary.AddBeginningOfText)
            ids.Add(_vocabulary.BeginningOfText!.Value);
        bool afterSpecial = true;
        foreach (TokenVocabulary.Fragment fragment in _vocabulary.Cut(text, parseSpecial))
        {
            if (fragment.Token >= 0)
            {
                ids.Add(fragment.Token);
                afterSpecial = true;
                continue;
            }
            // A space goes in front of the text, and of what follows a special token.
            EncodePlain(text.AsSpan(fragment.Start, fragment.Length), _addSpace && afterSpecial, ids);
            afterSpecial = false;
        }
        if (addSpecial && _vocabulary.AddEndOfText)
            ids.Add(_vocabulary.EndOfText!.Value);
        return [.. ids];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens, bool skipSpecial)
    {
        ArrayBufferWriter<byte> bytes = new();
        foreach (int id in tokens)
        {
            if (!skipSpecial || !IsSpecial(id))
                bytes.Write(TokenBytes(id));
        }
        ReadOnlySpan<byte> all = bytes.WrittenSpan;
        if (_addSpace && all.Length > 0 && all[0] == ' ')
            all = all[1..];
        return Encoding.UTF8.GetString(all);
    }

    /// <inheritdoc/>
    public byte[] TokenBytes(int id)
    {
        if ((uint)id >= (uint)_vocabulary.Count)
            return [];
        string text = _vocabulary.Texts[id];
        switch (_vocabulary.TypeOf(id))
        {
            case TokenType.Byte:
                return
                    text.Length == 6 && byte.TryParse(text.AsSpan(3, 2), System.Globalization.NumberStyles.HexNumber, null, out byte value)
                    ? [value]
                    : [];
            case TokenType.Control or TokenType.Unknown or TokenType.UserDefined:
                return Encoding.UTF8.GetBytes(text);
            default:
                return Encoding.UTF8.GetBytes(text.Replace(Space, ' '));
        }
    }

    /// <inheritdoc/>
    public bool IsSpecial(int id) => _vocabulary.IsControl(id);

    /// <inheritdoc/>
    public int? Find(string text) => _vocabulary.Ids.TryGetValue(text, out int id) ? id : null;

    /// <inheritdoc/>
    public bool ContainsSpecialText(string text) => _vocabulary.ContainsControlText(text);

    private void AddCharacters()
    {
        int next = _vocabulary.Count;
        foreach (string text in _vocabulary.Texts)
        {
            foreach (Rune rune in text.EnumerateRunes())
            {
                if (!_characters.ContainsKey(rune.Value))
                    _characters.Add(rune.Value, _vocabulary.Ids.TryGetValue(rune.ToString(), out int id) ? id : next++);
            }
        }
    }

    private void AddMerges()
    {
        float[] scores = _vocabulary.Scores ?? new float[_vocabulary.Count];
        // Equal scores share a rank: among them the leftmost pair merges first.
        float[] ordered = [.. scores.Distinct().OrderDescending()];
        Dictionary<float, int> ranks = new(ordered.Length);
        for (int i = 0; i < ordered.Length; i++)
            ranks.TryAdd(ordered[i], i);
        var ids = _vocabulary.Ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach ((string text, int id) in _vocabulary.Ids)
        {
            if (text.Length is < 2 or > LongestMerge)
                continue;
            for (int cut = 1; cut < text.Length; cut++)
            {
                if (char.IsLowSurrogate(text[cut]))
                    continue;
                int left = SymbolOf(text.AsSpan(0, cut), ids);
                int right = left < 0 ? -1 : SymbolOf(text.AsSpan(cut), ids);
                if (right >= 0)
                    _merges.Add(left, right, ranks[scores[id]], id);
            }
        }
    }

    private int SymbolOf(ReadOnlySpan<char> text, Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ids)
    {
        if (ids.TryGetValue(text, out int id))
            return id;
        Rune.DecodeFromUtf16(text, out Rune rune, out int length);
        return length == text.Length ? _characters[rune.Value] : -1;
    }

    private void EncodePlain(ReadOnlySpan<char> text, bool addSpace, List<int> ids)
    {
        int[] symbols = ArrayPool<int>.Shared.Rent(text.Length + 1);
        int count = 0;
        if (addSpace)
            symbols[count++] = CharacterSymbol(new Rune(Space));
        bool afterSpace = addSpace;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool space = rune.Value is ' ' or Space;
            // No token has a ▁ behind another character: what lies on both sides of such a place never merges.
            if (space && !afterSpace && _cutAtSpaces)
            {
                Flush(symbols.AsSpan(0, count), ids);
                count = 0;
            }
            symbols[count++] = CharacterSymbol(space ? new Rune(Space) : rune);
            afterSpace = space;
        }
        Flush(symbols.AsSpan(0, count), ids);
        ArrayPool<int>.Shared.Return(symbols);
    }

    /// <summary>The symbol of a character; characters in no token are −2 − code point.</summary>
    private int CharacterSymbol(Rune rune) => _characters.TryGetValue(rune.Value, out int symbol) ? symbol : -2 - rune.Value;

    private void Flush(Span<int> symbols, List<int> ids)
    {
        int count = _merges.Apply(symbols);
        Span<byte> bytes = stackalloc byte[4];
        foreach (int symbol in symbols[..count])
        {
            if (symbol >= 0 && symbol < _vocabulary.Count)
            {
                ids.Add(symbol);
                continue;
            }
            Rune rune = symbol < 0 ? new Rune(-2 - symbol) : CharacterOf(symbol);
            int length = rune.EncodeToUtf8(bytes);
            foreach (byte b in bytes[..length])
            {
                if (_byteTokens[b] >= 0)
                    ids.Add(_byteTokens[b]);
            }
        }
    }

    /// <summary>A character that occurs inside tokens but has none of its own: rare, so looked for.</summary>
    private Rune CharacterOf(int symbol) => new(_characters.First(c => c.Value == symbol).Key);
}
