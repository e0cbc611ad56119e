namespace Tapeout.Timing;

/// <summary>
/// What one instruction asks of its engine and of the servers it shares with others; integers of the chip's clock. The engine's own part
/// is <see cref="Issue"/> + <see cref="Fill"/> + <see cref="Work"/>; the servers are asked for when the issue is over, beside it.
/// </summary>
public readonly record struct InstructionCost
{
    /// <summary>Cycles to decode it and generate its addresses.</summary>
    public long Issue { get; init; }

    /// <summary>Cycles before the first useful one: filling an array.</summary>
    public long Fill { get; init; }

    /// <summary>Cycles of the engine's work.</summary>
    public long Work { get; init; }

    /// <summary>Cycles from the engine's last cycle to the result; the next instruction of the engine does not wait for them.</summary>
    public long Latency { get; init; }

    /// <summary>Bytes that cross the interface to memory beside the die, all tiles together, in whole bursts.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Cycles of a tile's SRAM ports.</summary>
    public long SramCycles { get; init; }

    /// <summary>Cycles of a tile's port to the network, of the network's bisection, or of the shared SRAM.</summary>
    public long NetworkCycles { get; init; }

    /// <summary>Bytes that cross the network between tiles, all tiles together.</summary>
    public long NetworkBytes { get; init; }

    /// <summary>Cycles of a chip's links of one class.</summary>
    public long LinkCycles { get; init; }

    /// <summary>Which class of links.</summary>
    public int LinkClass { get; init; }

    /// <summary>Bytes that leave the chip over its links.</summary>
    public long LinkBytes { get; init; }

    /// <summary>Cycles of the host interface.</summary>
    public long HostCycles { get; init; }

    /// <summary>
    /// True for a kernel whose thread blocks stream the memory: servers are asked for when its beginning is over, and the memory serves it at
    /// its own efficiency, not at that of a library's products.
    /// </summary>
    public bool Streams { get; init; }

    /// <summary>What the engine's work is charged to.</summary>
    public Limiter Cause { get; init; }

    /// <summary>What the bytes beside the die are: weights, KV cache or activations.</summary>
    public Limiter MemoryCause { get; init; }
}
