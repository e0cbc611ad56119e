using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>The network between the tiles.</summary>
public sealed record NetworkDescription
{
    /// <summary>mesh, ring or crossbar.</summary>
    public required NetworkKind Kind { get; init; }

    /// <summary>Bytes that one link moves in one direction in one cycle.</summary>
    [Within("1B/cycle", "1MiB/cycle")]
    public required BytesPerCycle LinkRate { get; init; }

    /// <summary>From one tile to the next.</summary>
    [Within("0 cycles", "100000 cycles")]
    public required Cycles HopLatency { get; init; }

    /// <summary>True if one send can reach a whole group of tiles.</summary>
    public required bool Multicast { get; init; }

    /// <summary>True if routers can combine partial results on the way, along the nodes of a reduction plan.</summary>
    public required bool Reduce { get; init; }
}
