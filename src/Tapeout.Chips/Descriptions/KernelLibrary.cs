using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>
/// What a stack's kernels reach on a chip that executes dynamically, and which thread-block tiles its library picks from at the moment of a
/// launch. Few figures, so that the physics of waves, tiles and memories does the rest: each says on which rows it was fitted.
/// </summary>
public sealed record KernelLibrary
{
    /// <summary>From the end of a kernel to the first instruction of the next, with drain and fill, for kernels of a recorded graph.</summary>
    [Within("0ns", "1s")]
    public required Duration LaunchGap { get; init; }

    /// <summary>The share of the peak rate that the main loop of a product reaches, with the clock the chip holds under its power limit.</summary>
    [Within("0.01", "1")]
    public required decimal MatrixEfficiency { get; init; }

    /// <summary>The share of the memory's bandwidth that long streams of a kernel reach.</summary>
    [Within("0.01", "1")]
    public required decimal MemoryEfficiency { get; init; }

    /// <summary>What a thread block costs beside its main loop: filling its first stages, writing its tile.</summary>
    [Within("0ns", "1ms")]
    public required Duration BlockOverhead { get; init; }

    /// <summary>What a product costs more whose thread blocks share an output tile along K.</summary>
    [Within("0ns", "1ms")]
    public required Duration SplitOverhead { get; init; }

    /// <summary>Stages of the main loop in flight: a step along K costs the memory's latency divided by them where nothing else is slower.</summary>
    [Within("1", "64")]
    public required int Stages { get; init; }

    /// <summary>Thread blocks that fetch an operand together, once for all of them.</summary>
    [Within("1", "16")]
    public required int ClusterSize { get; init; }

    /// <summary>The tiles m × n (step k) that the library has.</summary>
    public required IReadOnlyList<BlockTile> Tiles { get; init; }

    /// <summary>Most thread blocks that share an output tile along K.</summary>
    [Within("1", "64")]
    public required int MostSplits { get; init; }
}
