using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>How the chips of a system are wired.</summary>
public sealed record TopologyDescription
{
    /// <summary>The shape.</summary>
    public required TopologyKind Kind { get; init; }

    /// <summary>The link class of the chips that the wires use.</summary>
    public required string Link { get; init; }

    /// <summary>From the sender's buffer to the receiver's over one hop.</summary>
    [Within("0ns", "1s")]
    public required Duration HopLatency { get; init; }
}
