using Tapeout.Chips;
using Tapeout.Numerics;

namespace Tapeout.Timing;

/// <summary>
/// Kernels of a vendor's library on a chip that executes dynamically: grids of thread blocks in waves over the cores. The library picks
/// tile and split of K at the launch, from the sizes of the step, and picks well: the fastest of those it has.
/// </summary>
internal sealed partial class LibraryKernels
{
    private readonly ChipDescription _chip;
    private readonly int _cores;
    private readonly long _attentionBlock;
    private readonly long _decodeBlock;
    private readonly long _split;
    private readonly long _step;
    private readonly long _quantisedStep;
    private readonly long _latency;
    private readonly long _matrixPerMille;
    private readonly Int128 _memoryBytesPerSecond;
    private readonly Int128 _streamedBytesPerSecond;

    public LibraryKernels(ChipDescription chip, KernelLibrary library)
    {
        _chip = chip;
        Library = library;
        _cores = chip.Tiles.Count;
        _attentionBlock = library.AttentionBlock.ToCycles(chip.Clock).Count;
        _decodeBlock = library.DecodeBlock.ToCycles(chip.Clock).Count;
        _split = library.SplitOverhead.ToCycles(chip.Clock).Count;
        _step = chip.Memory.Count == 0 ? 0 : chip.Memory[0].Latency.ToCycles(chip.Clock).Count / library.Stages;
        _quantisedStep =
            chip.Memory.Count == 0 ? 0 : chip.Memory[0].Latency.ToCycles(chip.Clock).Count / (library.QuantisedStages ?? library.Stages);
        _latency = chip.Memory.Count == 0 ? 0 : chip.Memory[0].Latency.ToCycles(chip.Clock).Count;
        _matrixPerMille = (long)(library.MatrixEfficiency * 1000);
        foreach (MemoryDescription memory in chip.Memory)
        {
            _memoryBytesPerSecond += (Int128)((decimal)memory.Bandwidth.Count * library.MemoryEfficiency);
            _streamedBytesPerSecond += (Int128)((decimal)memory.Bandwidth.Count * memory.Efficiency);
        }
    }

    public KernelLibrary Library { get; }

    /// <summary>
    /// A product of x [M, K] by w [N, K]. A thread block computes m × n outputs: its main loop takes the slowest of multiplying, fetching
    /// (m + n) rows through its core's port, and a memory latency spread over the stages in flight; blocks run in waves over the cores. Beside
    /// that the shared SRAM delivers what all blocks fetch, and the memory every operand once. Splits of K add a pass over partial sums.
    /// </summary>
    /// <param name="x">Activations.</param>
    /// <param name="w">Weights.</param>
    /// <param name="memoryBytes">Bytes from and to the memory beside the die.</param>
    /// <param name="traits">Of the instruction: where its kernel has more products than this one, no wave is rounded up.</param>
    public KernelTime Product(InstructionCosts.Shape x, InstructionCosts.Shape w, long memoryBytes, InstructionTraits traits)
    {
        bool grouped = traits.Grouped;
        // A launch that asks for another tile than the chip's common one gets it, and its rows are multiplied whole.
        BlockTile? asked = traits.Tile is { } launched && launched != _chip.Execution.BlockTile ? launched : null;
        long m = x.Rows;
        long n = w.Rows;
        long k = w.Columns;
        Multiplication multiplied = Multiplication.Of(_chip, Library, w.Format, x.Format);
        x = x with { Format = multiplied.Operand };
        bool native = multiplied.IsNative;
        long macs = multiplied.Rate?.Count ?? _chip.Vector.Operations.Count;
        // Sums of groups are scaled and added to float accumulators by the vector units: one operation for each operand that has groups.
        // Where the unit does so itself, none are left.
        bool scales = _chip.Matrix.FormatFor(w.Format.Element, x.Format.Element)?.ScalesGroups == true;
        int group = native && !scales ? Math.Max(w.Format.GroupSize, x.Format.GroupSize) : 0;
        int scalings = (w.Format.GroupSize > 0 ? 1 : 0) + (x.Format.GroupSize > 0 ? 1 : 0);
        bool isQuantised = w.Format.ElementBits <= 8;
        long latencyOfStep = isQuantised ? _quantisedStep : _step;
        IReadOnlyList<BlockTile> tiles = Library.Tiles;
        if (isQuantised && x.Format.ElementBits <= 8 && x.Format.GroupSize == 0 && Library.QuantisedTiles.Count > 0)
            tiles =
            [
                (Library.QuantisedTiles.FirstOrDefault(r => r.MostRows is not { } most || m <= most) ?? Library.QuantisedTiles[^1]).Tile,
            ];
        if (isQuantised && native && x.Format.GroupSize == 0 && !grouped && asked is null && m <= (Library.VectorRows ?? 0))
        {
            // dp4a: four products of eight-bit operands an operation.
            long operations = Divide(m * n * k, 4 * _chip.Vector.Operations.Count * _cores);
            return new(0, operations, Shared(Fetched(x.Format, m, k) + Fetched(w.Format, n, k)), Limiter.Compute, Limiter.Weights);
        }
        int mostSplits = isQuantised ? Library.QuantisedSplits ?? Library.MostSplits : Library.MostSplits;
        long memory = MemoryCycles(memoryBytes);
        KernelTime best = default;
        long least = long.MaxValue;
        // A grouped kernel has one tile for all its products: the chip's common one.
        foreach (
            BlockTile tile in asked is { } only ? [only]
            : grouped && _chip.Execution.BlockTile is { } common ? [common]
            : tiles
        )
        {
            long blocks = Divide(m, tile.M) * Divide(n, tile.N);
            long rows = Math.Min(m, tile.M);
            for (int split = 1; split <= mostSplits; split = split < 4 ? split + 1 : split + split / 2)
            {
                long steps = Divide(Divide(k, split), tile.K);
                if (split > 1 && (k / split < 4 * tile.K || blocks * split > 2 * _cores || grouped || asked is not null))
                    break;
                long depth = steps * tile.K;
                long fetched = Fetched(x.Format, rows, depth) + Fetched(w.Format, tile.N, depth);
                // Kernels that expand weights have tiles down to the 16 rows of one multiplication.
                long height = native || asked is not null ? tile.M : Math.Min(tile.M, 16 * Divide(m, 16));
                long multiply = Divide(height * tile.N * depth * 1000, macs * _matrixPerMille);
                if (group > 0)
                    multiply += Divide(scalings * tile.M * (long)tile.N * Divide(depth, group), _chip.Vector.Operations.Count);
                // A tile's weights are expanded between its multiplications, by the same threads.
                multiply += Divide(tile.N * depth * multiplied.Expansions, _chip.Vector.Operations.Count);
                long fetch = Divide(fetched, _chip.Network.LinkRate.Count * Library.ClusterSize);
                long wait = steps * latencyOfStep;
                long loop = Math.Max(multiply, Math.Max(fetch, wait));
                long grid = blocks * split;
                long waves = Divide(grid, _cores);
                // Blocks of one product follow each other without a gap; those of a grouped kernel begin with a memory latency and end with a store.
                long ends = grouped ? _latency + Divide(2L * rows * tile.N, _chip.Network.LinkRate.Count) : 0;
                // A kernel whose tile is given takes a block's time at least, all its products together; others take smaller tiles then.
                long one = asked is null ? 0 : Divide(loop + ends, traits.KernelProducts);
                long work = grouped ? Math.Max(Divide(grid * (loop + ends), _cores), one) : waves * loop;
                long fill = split > 1 ? _split + Shared(8 * split * m * n) : 0;
                long shared = Shared(Divide(grid * fetched, Library.ClusterSize));
                long time = Math.Max(work + fill, Math.Max(shared, memory));
                if (time >= least)
                    continue;
                least = time;
                best = new(
                    fill,
                    work,
                    shared,
                    loop == multiply ? Limiter.Compute
                        : loop == fetch ? Limiter.Network
                        : Limiter.Latency,
                    Limiter.Weights
                );
            }
        }
        return best;
    }

    /// <summary>
    /// Rows of a core whose scales a kernel finds itself, a thread block a row and two blocks a core: to read, to reduce over the block and
    /// to read again and write are a memory latency each.
    /// </summary>
    public long Rows(int rows) => Divide(rows, 2) * 3 * _latency;

    /// <summary>Groups of elements with a scale each, of rows that are sorted by expert: a warp finds a group's expert before its scale.</summary>
    public long SortedGroups(long groups) => Library.SortedGroup is { } each ? (each * groups).ToCycles(_chip.Clock).Count : 0;

    private long MemoryCycles(long bytes) =>
        _memoryBytesPerSecond == 0 ? 0 : (long)((bytes * (Int128)_chip.Clock.Count + _memoryBytesPerSecond - 1) / _memoryBytesPerSecond);

    private long Shared(long bytes) => _chip.SharedSram is { } sram ? sram.BytesPerCycle.TimeFor(new(bytes)).Count : 0;

    private static long Fetched(NumberFormat format, long rows, long depth) => rows * Divide(depth * format.ElementBits, 8);

    private static long Divide(long value, long by) => (value + by - 1) / by;
}
