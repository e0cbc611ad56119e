using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>One collective algorithm as a software stack carries it out.</summary>
public sealed record CollectiveDescription
{
    /// <summary>The algorithm.</summary>
    public required CollectiveAlgorithm Algorithm { get; init; }

    /// <summary>What the stack adds to every step besides the link's own latency: flags, protocol, synchronisation.</summary>
    [Within("0ns", "1s")]
    public required Duration StepOverhead { get; init; }

    /// <summary>Time before the first step: launch and synchronisation.</summary>
    [Within("0ns", "1s")]
    public Duration Startup { get; init; }

    /// <summary>The share of a link's bandwidth that payload reaches.</summary>
    [Within("0.01", "1")]
    public required decimal Efficiency { get; init; }

    /// <summary>The largest message it is used for; none: any.</summary>
    [Within("1B", "1PiB")]
    public Bytes? LargestMessage { get; init; }

    /// <summary>The largest message from one member to one other that goes by it; none for any.</summary>
    [Within("1B", "1PiB")]
    public Bytes? LargestPart { get; init; }

    /// <summary>What messages from each member to each other take beside their bytes; none for the startup and a step a doubling of members.</summary>
    [Within("0ns", "1s")]
    public Duration? MessageStartup { get; init; }
}
