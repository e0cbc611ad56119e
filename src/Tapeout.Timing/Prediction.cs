using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>What a chip would do for a load: a prompt of one length, an output of one length, so many sequences side by side.</summary>
public sealed record Prediction
{
    /// <summary>Sequences side by side.</summary>
    public required int Batch { get; init; }

    /// <summary>Tokens of each prompt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Tokens made for each sequence.</summary>
    public required int OutputTokens { get; init; }

    /// <summary>All prompts, in chunks of the tape's largest step.</summary>
    public required Duration Prefill { get; init; }

    /// <summary>One step in which every sequence gets a token, the mean of the first and the last.</summary>
    public required Duration DecodeStep { get; init; }

    /// <summary>From the start to the first token: prefill with its logits.</summary>
    public Duration TimeToFirstToken => Prefill;

    /// <summary>Tokens per second while decoding, all sequences together.</summary>
    public double TokensPerSecond => DecodeStep.Count == 0 ? 0 : Batch / DecodeStep.TotalSeconds;

    /// <summary>Prompt tokens per second, all sequences together.</summary>
    public double PrefillTokensPerSecond => Prefill.Count == 0 ? 0 : (double)Batch * PromptTokens / Prefill.TotalSeconds;

    /// <summary>The last chunk of the prompts.</summary>
    public required StepTime PrefillStepTime { get; init; }

    /// <summary>The last decode step: the one with the longest context.</summary>
    public required StepTime DecodeStepTime { get; init; }

    /// <summary>The shape of the last chunk of the prompts.</summary>
    public required Step PrefillShape { get; init; }

    /// <summary>The shape of the last decode step.</summary>
    public required Step DecodeShape { get; init; }

    /// <summary>What the engines do in the last decode step, which was timed.</summary>
    public required Timeline DecodeTimeline { get; init; }

    /// <summary>What the times take for granted.</summary>
    public required TimingOptions Options { get; init; }
}
