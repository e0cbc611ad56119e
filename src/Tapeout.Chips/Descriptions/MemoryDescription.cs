using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Memory beside the die.</summary>
public sealed record MemoryDescription
{
    /// <summary>What the tape and reports call it.</summary>
    public required string Name { get; init; }

    /// <summary>hbm, lpddr, gddr or ddr.</summary>
    public required MemoryKind Kind { get; init; }

    /// <summary>Bytes of all devices together.</summary>
    [Within("1B", "1PiB")]
    public required Bytes Capacity { get; init; }

    /// <summary>Peak of all channels together.</summary>
    [Within("1MB/s", "1PB/s")]
    public required Bandwidth Bandwidth { get; init; }

    /// <summary>Independent channels.</summary>
    [Within("1", "4096")]
    public required int Channels { get; init; }

    /// <summary>From the request on the die to the first byte.</summary>
    [Within("1ns", "1ms")]
    public required Duration Latency { get; init; }

    /// <summary>The share of the peak that long streams reach (refresh, turnarounds, activations).</summary>
    [Within("0.01", "1")]
    public required decimal Efficiency { get; init; }

    /// <summary>The smallest access of a channel; shorter ones cost as much.</summary>
    [Within("1B", "1MiB")]
    public required Bytes Granularity { get; init; }

    /// <summary>Devices: stacks of HBM, packages of other kinds. None: HBM has one for each 16 channels.</summary>
    [Within("1", "4096")]
    public int? Devices { get; init; }

    /// <summary>Interfaces on the die that no device is connected to.</summary>
    [Within("0", "4096")]
    public int? SpareInterfaces { get; init; }
}
