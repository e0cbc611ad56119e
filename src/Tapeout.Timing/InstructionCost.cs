namespace Tapeout.Timing;

/// <summary>What one instruction costs, from its shapes and the chip alone; integers of the chip's clock.</summary>
/// <param name="Cycles">Cycles that its engine is taken, without waiting for memory beside the die.</param>
/// <param name="Latency">Cycles from the engine's last cycle to the result; the next instruction of the engine does not wait for them.</param>
/// <param name="MemoryBytes">Bytes that cross the interface to memory beside the die, all tiles together.</param>
/// <param name="LinkBytes">Bytes that leave the chip over its links.</param>
/// <param name="NetworkBytes">Bytes that cross the network between tiles, all tiles together.</param>
/// <param name="Cause">What the engine's cycles are charged to.</param>
/// <param name="MemoryCause">What the bytes beside the die are: weights, KV cache or activations.</param>
public readonly record struct InstructionCost(
    long Cycles,
    long Latency,
    long MemoryBytes,
    long LinkBytes,
    long NetworkBytes,
    Limiter Cause,
    Limiter MemoryCause
);
