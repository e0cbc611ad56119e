namespace Tapeout.Chips;

/// <summary>The number formats a chip accepts. A model in any other format is refused, with the tensor's name.</summary>
public sealed record NumericsDescription
{
    /// <summary>Pairs of weight and activation formats.</summary>
    public required IReadOnlyList<FormatPair> Products { get; init; }

    /// <summary>Formats of the KV cache.</summary>
    public required IReadOnlyList<FormatPattern> KvCache { get; init; }
}
