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

    /// <summary>The same before a kernel that works element by element, whose blocks are small.</summary>
    [Within("0ns", "1s")]
    public required Duration ElementwiseGap { get; init; }

    /// <summary>The share of the peak rate that the main loop of a product reaches, with the clock the chip holds under its power limit.</summary>
    [Within("0.01", "1")]
    public required decimal MatrixEfficiency { get; init; }

    /// <summary>The share of the memory's bandwidth that long streams of a kernel reach.</summary>
    [Within("0.01", "1")]
    public required decimal MemoryEfficiency { get; init; }

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

    /// <summary>The same for products by weights of eight bits or fewer, where other kernels do them; none for as many.</summary>
    [Within("1", "64")]
    public int? QuantisedSplits { get; init; }

    /// <summary>Stages in flight of those kernels; none for as many as others have.</summary>
    [Within("1", "64")]
    public int? QuantisedStages { get; init; }

    /// <summary>
    /// Most rows of activations for which products of eight-bit operands with a scale a row run on the vector units, every output in a warp of its
    /// own, so that nothing but bytes and operations counts; none: all in tiles.
    /// </summary>
    [Within("1", "64")]
    public int? VectorRows { get; init; }

    /// <summary>
    /// The tiles of products of eight-bit activations with a scale a row or a tensor, the first rule that holds; none: the fastest of all tiles.
    /// </summary>
    public IReadOnlyList<TileRule> QuantisedTiles { get; init; } = [];

    /// <summary>Vector operations that a weight takes to be expanded in the main loop, where the chip does not multiply its format.</summary>
    [Within("1", "64")]
    public required int ExpansionOperations { get; init; }

    /// <summary>
    /// What quantising a group of elements costs a core where rows are sorted by expert and each group has a scale: its warp looks for the
    /// group's expert first. None: no more than its bytes and operations.
    /// </summary>
    [Within("0ns", "1ms")]
    public Duration? SortedGroup { get; init; }

    /// <summary>Attention over a prompt: the share of the products' rate that its main loop keeps, softmax beside it.</summary>
    [Within("0.01", "1")]
    public required decimal AttentionEfficiency { get; init; }

    /// <summary>
    /// Attention over a prompt: true where the softmax of one block of keys runs beside the products of another, so that the slower of both
    /// counts; none: one after the other.
    /// </summary>
    public bool? OverlapsSoftmax { get; init; }

    /// <summary>Attention over a prompt: what a thread block costs beside its main loop.</summary>
    [Within("0ns", "1ms")]
    public required Duration AttentionBlock { get; init; }

    /// <summary>Attention of a decode step: the least time of a thread block with a KV cache of two-byte elements.</summary>
    [Within("0ns", "1ms")]
    public required Duration DecodeBlock { get; init; }

    /// <summary>Attention of a decode step: the rate at which one thread block streams its part of the KV cache.</summary>
    [Within("1MB/s", "1PB/s")]
    public required Bandwidth DecodeStream { get; init; }

    /// <summary>Attention of a decode step: most query heads of a KV head that one thread block takes together; more take a block each.</summary>
    [Within("1", "1024")]
    public required int LargestGroup { get; init; }
}
