using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>The interface to the host.</summary>
public sealed record HostDescription
{
    /// <summary>What it is: PCIe 5.0 x16.</summary>
    public required string Kind { get; init; }

    /// <summary>Bytes per second in each direction.</summary>
    [Within("1MB/s", "1PB/s")]
    public required Bandwidth Bandwidth { get; init; }

    /// <summary>Lanes: pairs of wires in each direction. None: as many as lanes of a common rate would take.</summary>
    [Within("1", "1024")]
    public int? Lanes { get; init; }

    /// <summary>One way, shortest message.</summary>
    [Within("0ns", "1s")]
    public required Duration Latency { get; init; }
}
