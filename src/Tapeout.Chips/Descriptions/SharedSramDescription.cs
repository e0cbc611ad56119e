using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Memory on the die that all tiles share, such as the L2 cache of a GPU.</summary>
public sealed record SharedSramDescription
{
    /// <summary>Bytes in all.</summary>
    [Within("1B", "1PiB")]
    public required Bytes Capacity { get; init; }

    /// <summary>Bytes it delivers to all tiles together in one cycle.</summary>
    [Within("1B/cycle", "1024MiB/cycle")]
    public required BytesPerCycle BytesPerCycle { get; init; }

    /// <summary>From the request to the first byte.</summary>
    [Within("0 cycles", "1000000 cycles")]
    public required Cycles Latency { get; init; }
}
