namespace Tapeout.Models.Tokenizers;

/// <summary>Text to token ids and back.</summary>
public interface ITokenizer
{
    /// <summary>The number of tokens.</summary>
    int VocabularySize { get; }

    /// <summary>
    /// The ids of <paramref name="text"/>. A lone surrogate counts as U+FFFD.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecial">Adds the beginning-of-text (and, where the model asks for it, end-of-text) token.</param>
    /// <param name="parseSpecial">
    /// Reads the text of control tokens (<c>&lt;|im_start|&gt;</c>) as those tokens; without it they are plain text, which is right for
    /// anything a user typed.
    /// </param>
    int[] Encode(string text, bool addSpecial, bool parseSpecial);

    /// <summary>
    /// The text of <paramref name="tokens"/>; bytes that are not UTF-8 become U+FFFD.
    /// </summary>
    /// <param name="tokens">Token ids.</param>
    /// <param name="skipSpecial">Leaves control tokens out.</param>
    string Decode(ReadOnlySpan<int> tokens, bool skipSpecial);

    /// <summary>The bytes that a token stands for, spaces as spaces; of control and user-defined tokens their
    /// stored text. A token may hold part of a character. Ids beyond the vocabulary (an embedding may be padded) stand for nothing.</summary>
    byte[] TokenBytes(int id);

    /// <summary>True for control tokens and the unknown token.</summary>
    bool IsSpecial(int id);

    /// <summary>The token whose stored text is <paramref name="text"/>, or null.</summary>
    int? Find(string text);

    /// <summary>True if a text decoded from its start loses its first space, which the vocabulary put there.</summary>
    bool StripsFirstSpace { get; }

    /// <summary>True if <paramref name="text"/> contains the text of a control token.</summary>
    bool ContainsSpecialText(string text);
}
