using System.Buffers;
using System.Text;
using Tapeout.Models.Importers;
using Tapeout.Quantities;

namespace Tapeout.Models.Tokenizers;

/// <summary>
/// Byte-level byte-pair encoding (<c>tokenizer.ggml.model = gpt2</c>): the text is cut into words by the family's pattern, each word's UTF-8
/// bytes merge by the list of merges. Bytes without a token vanish, as in llama.cpp and Hugging Face's tokenizers.
/// </summary>
internal sealed class ByteLevelTokenizer : ITokenizer
{
    private static readonly char[] _byteCharacters = MakeByteCharacters();
    private static readonly Dictionary<char, byte> _characterBytes = _byteCharacters
        .Select((c, i) => (c, i))
        .ToDictionary(p => p.c, p => (byte)p.i);

    private readonly TokenVocabulary _vocabulary;
    private readonly PreTokenizer _words;
    private readonly bool _ignoreMerges;
    private readonly MergeTable _merges = new();
    private readonly int[] _byteSymbols = new int[256];
    private readonly List<string> _extraTexts = [];
    private readonly int _longestToken;

    public ByteLevelTokenizer(TokenVocabulary vocabulary, GgufMetadata metadata, PreTokenizer words, bool ignoreMerges)
    {
        _vocabulary = vocabulary;
        _words = words;
        _ignoreMerges = ignoreMerges;
        _longestToken = vocabulary.Texts.Max(t => t.Length);
        Dictionary<string, int> extra = [];
        for (int b = 0; b < 256; b++)
            _byteSymbols[b] = SymbolOf(_byteCharacters[b].ToString(), extra);
        string[] merges = metadata.OptionalTexts("tokenizer.ggml.merges") ?? [];
        for (int rank = 0; rank < merges.Length; rank++)
        {
            string merge = merges[rank];
            int space = merge.Length < 3 ? -1 : merge.IndexOf(' ', 1);
            if (space < 0 || space == merge.Length - 1)
            {
                throw new InvalidInputException(
                    $"{metadata.Source}: merge {rank} ('tokenizer.ggml.merges') is {Printable.Quote(merge)}; it must be two texts with a space between."
                );
            }
            string left = merge[..space];
            string right = merge[(space + 1)..];
            _merges.Add(SymbolOf(left, extra), SymbolOf(right, extra), rank, SymbolOf(left + right, extra));
        }
    }

    /// <inheritdoc/>
    public int VocabularySize => _vocabulary.Count;

    /// <inheritdoc/>
    public bool StripsFirstSpace => false;

    /// <inheritdoc/>
    public int[] Encode(string text, bool addSpecial, bool parseSpecial)
    {
        text = TokenVocabulary.WellFormed(text);
        List<int> ids = new(text.Length / 3 + 4);
        if (addSpecial && _vocabulary.AddBeginningOfText)
            ids.Add(_vocabulary.BeginningOfText!.Value);
        foreach (TokenVocabulary.Fragment fragment in _vocabulary.Cut(text, parseSpecial))
        {
            if (fragment.Token >= 0)
                ids.Add(fragment.Token);
            else
                EncodePlain(text.AsSpan(fragment.Start, fragment.Length), ids);
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
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <inheritdoc/>
    public byte[] TokenBytes(int id)
    {
        if ((uint)id >= (uint)_vocabulary.Count)
            return [];
        string text = _vocabulary.Texts[id];
        if (_vocabulary.TypeOf(id) is TokenType.Control or TokenType.Unknown or TokenType.UserDefined)
            return Encoding.UTF8.GetBytes(text);
        ArrayBufferWriter<byte> bytes = new(text.Length);
        Span<byte> encoded = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.IsBmp && _characterBytes.TryGetValue((char)rune.Value, out byte value))
                bytes.Write([value]);
            else
                bytes.Write(encoded[..rune.EncodeToUtf8(encoded)]);
        }
        return bytes.WrittenSpan.ToArray();
    }

    /// <inheritdoc/>
    public bool IsSpecial(int id) => _vocabulary.IsControl(id);

    /// <inheritdoc/>
    public int? Find(string text) => _vocabulary.Ids.TryGetValue(text, out int id) ? id : null;

    /// <inheritdoc/>
    public bool ContainsSpecialText(string text) => _vocabulary.ContainsControlText(text);

    private void EncodePlain(ReadOnlySpan<char> text, List<int> ids)
    {
        List<PreTokenizer.Word> words = _words.Cut(text);
        int longest = 0;
        foreach (PreTokenizer.Word word in words)
            longest = Math.Max(longest, word.Length);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(longest * 3);
        int[] symbols = ArrayPool<int>.Shared.Rent(longest * 3);
        Span<char> characters = stackalloc char[256];
        var whole = _vocabulary.Ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (PreTokenizer.Word word in words)
        {
            int count = Encoding.UTF8.GetBytes(text.Slice(word.Start, word.Length), bytes);
            if (_ignoreMerges && count <= Math.Min(_longestToken, characters.Length))
            {
                for (int i = 0; i < count; i++)
                    characters[i] = _byteCharacters[bytes[i]];
                if (whole.TryGetValue(characters[..count], out int id))
                {
                    ids.Add(id);
                    continue;
                }
            }
            for (int i = 0; i < count; i++)
                symbols[i] = _byteSymbols[bytes[i]];
            count = _merges.Apply(symbols.AsSpan(0, count));
            foreach (int symbol in symbols.AsSpan(0, count))
                AddSymbol(symbol, ids);
        }
        ArrayPool<byte>.Shared.Return(bytes);
        ArrayPool<int>.Shared.Return(symbols);
    }

    private void AddSymbol(int symbol, List<int> ids)
    {
        if (symbol < _vocabulary.Count)
        {
            ids.Add(symbol);
            return;
        }
        // No token: the bytes that have one; the others are lost.
        foreach (char c in _extraTexts[symbol - _vocabulary.Count])
        {
            if (_vocabulary.Ids.TryGetValue(c.ToString(), out int id))
                ids.Add(id);
        }
    }

    private int SymbolOf(string text, Dictionary<string, int> extra)
    {
        if (_vocabulary.Ids.TryGetValue(text, out int id) || extra.TryGetValue(text, out id))
            return id;
        id = _vocabulary.Count + _extraTexts.Count;
        extra.Add(text, id);
        _extraTexts.Add(text);
        return id;
    }

    /// <summary>GPT-2's printable stand-ins: printable bytes are themselves, the others U+0100 and up in order.</summary>
    private static char[] MakeByteCharacters()
    {
        char[] map = new char[256];
        int next = 256;
        for (int b = 0; b < 256; b++)
            map[b] = b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? (char)b : (char)next++;
        return map;
    }
}
