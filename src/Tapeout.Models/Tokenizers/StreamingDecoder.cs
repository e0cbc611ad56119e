using System.Text;

namespace Tapeout.Models.Tokenizers;

/// <summary>
/// Turns tokens into text as they come. Bytes of an unfinished character are held back, so no code point is ever split; bytes that can no
/// longer become a character come out as U+FFFD.
/// </summary>
/// <param name="tokenizer">The vocabulary.</param>
/// <param name="skipSpecial">Leaves control tokens out.</param>
/// <param name="continues">True if text precedes the first token: then its first space stays, where a decoded whole text would lose it.</param>
public sealed class StreamingDecoder(ITokenizer tokenizer, bool skipSpecial = true, bool continues = false)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private bool _atStart = !continues;

    /// <summary>The text that <paramref name="token"/> completes; empty while a character is unfinished.</summary>
    public string Add(int token)
    {
        if (skipSpecial && tokenizer.IsSpecial(token))
            return "";
        ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(token);
        if (_atStart && bytes.Length > 0)
        {
            if (tokenizer.StripsFirstSpace && bytes[0] == ' ')
                bytes = bytes[1..];
            _atStart = false;
        }
        return Take(bytes, false);
    }

    /// <summary>What is left at the end: U+FFFD for an unfinished character, else nothing.</summary>
    public string Finish() => Take([], true);

    private string Take(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> characters = bytes.Length < 200 ? stackalloc char[256] : new char[bytes.Length + 8];
        int count = _decoder.GetChars(bytes, characters, flush);
        return new string(characters[..count]);
    }
}
