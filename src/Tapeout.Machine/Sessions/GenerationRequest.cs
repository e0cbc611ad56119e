using System.Collections.Immutable;
using Tapeout.Isa;

namespace Tapeout.Machine.Sessions;

/// <summary>One prompt to be continued.</summary>
public sealed record GenerationRequest
{
    /// <summary>The prompt's token identifiers; at least one.</summary>
    public required ImmutableArray<int> Prompt { get; init; }

    /// <summary>Most tokens to make; 0 to process the prompt only.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>How tokens are drawn; greedy unless said otherwise. Its Request number is used as given, so equal samplers draw alike in any batch.</summary>
    public Sampler Sampler { get; init; } = Sampler.Greedy;

    /// <summary>Tokens that end the text; they are made, but are the last.</summary>
    public ImmutableArray<int> StopIds { get; init; } = [];

    /// <summary>True to go on behind a stop token.</summary>
    public bool IgnoreEndOfText { get; init; }

    /// <summary>True to ask for logits at every position, not only where a token is drawn.</summary>
    public bool LogitsAtEveryPosition { get; init; }

    /// <summary>
    /// True to keep the cache when the request ends, with pages for the whole context, so that <see cref="Session.Continue"/> can go on from
    /// it; <see cref="Session.Cancel"/> frees it.
    /// </summary>
    public bool KeepsCache { get; init; }
}
