namespace Tapeout.Machine.Sessions;

/// <summary>How a session cuts and places work. No value depends on these.</summary>
public sealed record SessionOptions
{
    /// <summary>Most tokens of one step; 0 for the tape's most. Longer prompts are processed in chunks of so many.</summary>
    public int ChunkTokens { get; init; }

    /// <summary>Most sequences in one step; 0 for the tape's most.</summary>
    public int MaxSequences { get; init; }

    /// <summary>Null to hand out KV pages in order; otherwise the seed of a shuffle.</summary>
    public int? ScatterSeed { get; init; }
}
