using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>The time of one step.</summary>
public sealed record StepTime
{
    /// <summary>From the first instruction to the last result.</summary>
    public required Cycles Cycles { get; init; }

    /// <summary>The same at the chip's clock.</summary>
    public required Duration Duration { get; init; }

    /// <summary>Cycles that each engine was taken; engines that did nothing are absent.</summary>
    public required IReadOnlyDictionary<Engine, Cycles> Busy { get; init; }

    /// <summary>The cycles of the critical path by what they are charged to: they sum to <see cref="Cycles"/>.</summary>
    public required IReadOnlyDictionary<Limiter, Cycles> Charged { get; init; }

    /// <summary>What most of the critical path is charged to.</summary>
    public required Limiter Limiter { get; init; }

    /// <summary>Cycles that the interface to memory beside the die was taken.</summary>
    public required Cycles MemoryBusy { get; init; }

    /// <summary>Bytes that crossed the interface to memory beside the die.</summary>
    public required Bytes MemoryBytes { get; init; }

    /// <summary>Bytes that left one chip over its links.</summary>
    public required Bytes LinkBytes { get; init; }

    /// <summary>Bytes that crossed the network between tiles.</summary>
    public required Bytes NetworkBytes { get; init; }

    /// <summary>Instructions executed, loops unrolled.</summary>
    public required int Instructions { get; init; }

    /// <summary>The critical path by instruction and cause, largest first: it sums to <see cref="Cycles"/>.</summary>
    public required IReadOnlyList<CriticalPathEntry> CriticalPath { get; init; }
}
