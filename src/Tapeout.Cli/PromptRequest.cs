using System.CommandLine;
using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>What is asked of a model: a text to continue, and how.</summary>
/// <param name="Prompt">The text.</param>
/// <param name="MaxTokens">Most tokens to make.</param>
/// <param name="IgnoreEndOfText">True to go on behind an end token.</param>
/// <param name="Sampler">How tokens are drawn.</param>
internal sealed record PromptRequest(string Prompt, int MaxTokens, bool IgnoreEndOfText, Sampler Sampler)
{
    /// <summary>The request of a command line.</summary>
    /// <exception cref="InvalidInputException">Something of it makes no sense; all of it is named.</exception>
    public static PromptRequest Read(ParseResult parsed, Argument<string> prompt, SamplingOptions sampling)
    {
        Refusals refusals = new();
        string text = parsed.GetValue(prompt)!;
        refusals.Try(() =>
            text.Length > 0
                ? text
                : throw new InvalidInputException("The prompt is empty: give a text to continue, for instance \"Once upon a time\".")
        );
        int maxTokens = refusals.Try(() => sampling.MaxTokens(parsed));
        Sampler sampler = refusals.Try(() => sampling.Sampler(parsed)) ?? Sampler.Greedy;
        refusals.Throw();
        return new(text, maxTokens, sampling.IgnoreEndOfText(parsed), sampler);
    }
}
