using System.Collections.Immutable;
using System.Globalization;
using Tapeout.Machine.Sessions;
using Tapeout.Quantities;

namespace Tapeout.Reports.Evaluation;

/// <summary>A text cut into windows by a named convention: which tokens are scored, and with how much context.</summary>
public sealed class EvaluationText
{
    private EvaluationText(string convention, int length, int stride, bool isFirstReplaced, ImmutableArray<TokenWindow> windows)
    {
        Convention = convention;
        WindowLength = length;
        Stride = stride;
        IsFirstReplaced = isFirstReplaced;
        Windows = windows;
    }

    /// <summary>The convention in one sentence.</summary>
    public string Convention { get; }

    /// <summary>Tokens of a window.</summary>
    public int WindowLength { get; }

    /// <summary>Tokens between the starts of two windows.</summary>
    public int Stride { get; }

    /// <summary>True if the first token of every window is replaced by the beginning-of-text token.</summary>
    public bool IsFirstReplaced { get; }

    /// <summary>The windows, in the order of the text.</summary>
    public ImmutableArray<TokenWindow> Windows { get; }

    /// <summary>Tokens that are scored.</summary>
    public int ScoredTokens => Windows.Sum(w => w.Tokens.Length - 1 - w.FirstLogits);

    /// <summary>
    /// llama.cpp's convention (its <c>perplexity</c> tool): consecutive chunks without overlap, each from an empty cache; the second half of each is scored (tokens
    /// length / 2 + 1 to the last); the first token of each is replaced by the beginning-of-text token where the model adds one. What is left behind the last
    /// whole chunk is not used.
    /// </summary>
    /// <param name="tokens">The whole text.</param>
    /// <param name="length">Tokens of a chunk.</param>
    /// <param name="most">Most chunks; 0 for all.</param>
    /// <param name="beginOfText">The token that takes the first place of each chunk; null to keep the text's.</param>
    /// <exception cref="InvalidInputException">The text has no whole chunk.</exception>
    public static EvaluationText Chunks(ReadOnlySpan<int> tokens, int length, int most, int? beginOfText)
    {
        int chunks = tokens.Length / length;
        if (chunks == 0)
            throw new InvalidInputException(
                $"The text has {tokens.Length} tokens, fewer than one chunk of {length}: use a longer text or a smaller --chunk."
            );
        if (most > 0)
            chunks = Math.Min(chunks, most);
        ImmutableArray<TokenWindow>.Builder windows = ImmutableArray.CreateBuilder<TokenWindow>(chunks);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            int[] own = tokens.Slice(chunk * length, length).ToArray();
            own[0] = beginOfText ?? own[0];
            windows.Add(new([.. own], length / 2));
        }
        string convention = string.Create(
            CultureInfo.InvariantCulture,
            $"llama.cpp: chunks of {length} tokens without overlap, the second half of each scored"
        );
        return new(convention, length, length, beginOfText is not null, windows.MoveToImmutable());
    }

    /// <summary>
    /// The sliding window, as in the documentation of Hugging Face's transformers: a window moves by <paramref name="stride"/> tokens; each token is scored
    /// once, in the first window that reaches it. The mean is over tokens.
    /// </summary>
    /// <param name="tokens">The whole text.</param>
    /// <param name="length">Tokens of a window.</param>
    /// <param name="stride">Tokens between windows, fewer than <paramref name="length"/>.</param>
    /// <param name="most">Most windows; 0 for all.</param>
    /// <exception cref="InvalidInputException">The text has fewer than two tokens, or the stride skips some.</exception>
    public static EvaluationText Sliding(ReadOnlySpan<int> tokens, int length, int stride, int most)
    {
        // At a stride of the whole window its first token would have no context and never be scored.
        if (stride < 1 || stride >= length)
            throw new InvalidInputException(
                $"--stride is {stride}, but must be 1 to {length - 1}, less than the window of {length} tokens."
            );
        if (tokens.Length < 2)
            throw new InvalidInputException($"The text has {tokens.Length} tokens; scoring needs at least two.");
        ImmutableArray<TokenWindow>.Builder windows = ImmutableArray.CreateBuilder<TokenWindow>();
        int scoredTo = 1; // the first token of the text has no context
        for (int start = 0; scoredTo < tokens.Length && (most == 0 || windows.Count < most); start += stride)
        {
            int end = Math.Min(start + length, tokens.Length);
            windows.Add(new([.. tokens[start..end]], Math.Max(scoredTo, start + 1) - 1 - start));
            scoredTo = end;
        }
        string convention = string.Create(
            CultureInfo.InvariantCulture,
            $"sliding window: {length} tokens, moved by {stride}, every token scored once"
        );
        return new(convention, length, stride, false, windows.ToImmutable());
    }
}
