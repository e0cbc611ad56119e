namespace Tapeout.Chips;

/// <summary>A source that the figures of a file cite by its key.</summary>
public sealed record SourceReference
{
    /// <summary>What it is and, where known, its date.</summary>
    public required string Title { get; init; }

    /// <summary>Where it is.</summary>
    public string? Url { get; init; }

    /// <summary>How it was read: excerpt (the passage itself), cited (quoted in a document that was read) or recall (from memory; check again).</summary>
    public string? Access { get; init; }
}
