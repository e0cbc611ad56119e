using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>
/// A chip as its file states it: values here, their provenance in <see cref="Figures"/>. Descriptions are immutable; a variant is made
/// by <c>extends</c> in a file or by overrides of <see cref="ChipReader.Load"/>, so that values and provenance stay together.
/// </summary>
public sealed record ChipDescription : IChecked
{
    /// <summary>The name used on the command line and in tapes: lower-case letters, digits, dots and hyphens.</summary>
    public required string Name { get; init; }

    /// <summary>What a person calls it.</summary>
    public required string Title { get; init; }

    /// <summary>Who makes it.</summary>
    public required string Vendor { get; init; }

    /// <summary>The technology node its constants come from, e.g. 5nm.</summary>
    public required string Technology { get; init; }

    /// <summary>The clock of the tiles; every rate per cycle refers to it.</summary>
    [Within("1kHz", "100GHz")]
    public required Frequency Clock { get; init; }

    /// <summary>Static or dynamic execution.</summary>
    public required ExecutionDescription Execution { get; init; }

    /// <summary>The tile grid, rows × columns. A tile is a slice of an LPU, a multiprocessor of a GPU or a core of a mesh.</summary>
    public required TileGrid Tiles { get; init; }

    /// <summary>Cycles that every instruction costs its engine besides its work.</summary>
    [Within("0 cycles", "1000000 cycles")]
    public required Cycles IssueOverhead { get; init; }

    /// <summary>The scratch memory of one tile.</summary>
    public required SramDescription Sram { get; init; }

    /// <summary>Memory on the die that all tiles share; none on most chips.</summary>
    public SharedSramDescription? SharedSram { get; init; }

    /// <summary>The matrix unit of one tile.</summary>
    public required MatrixDescription Matrix { get; init; }

    /// <summary>The vector unit of one tile.</summary>
    public required VectorDescription Vector { get; init; }

    /// <summary>The attention unit of one tile; none: attention runs on the matrix and vector units.</summary>
    public AttentionDescription? Attention { get; init; }

    /// <summary>Quantisers and de-quantisers of one tile.</summary>
    public required ConversionDescription Conversion { get; init; }

    /// <summary>Weights etched in metal in each tile; none on most chips.</summary>
    public RomDescription? Rom { get; init; }

    /// <summary>The network between the tiles.</summary>
    public required NetworkDescription Network { get; init; }

    /// <summary>Memory beside the die, fastest first; none on chips that live from SRAM or ROM.</summary>
    public IReadOnlyList<MemoryDescription> Memory { get; init; } = [];

    /// <summary>Links to other chips; none on a chip that works alone.</summary>
    public IReadOnlyList<LinkDescription> Links { get; init; } = [];

    /// <summary>The interface to the host.</summary>
    public required HostDescription Host { get; init; }

    /// <summary>The number formats it accepts.</summary>
    public required NumericsDescription Numerics { get; init; }

    /// <summary>Power of the chip with its memory.</summary>
    public required PowerDescription Power { get; init; }

    /// <summary>The silicon; unknown for some chips.</summary>
    public DieDescription? Die { get; init; }

    /// <summary>What one chip with its memory costs its buyer; unknown for some chips.</summary>
    public Money? Price { get; init; }

    /// <summary>Durations that replace the timing model's own, by instruction name.</summary>
    public IReadOnlyDictionary<string, DurationOverride> Durations { get; init; } = new Dictionary<string, DurationOverride>();

    /// <summary>The sources that figures cite by key.</summary>
    [Provenance]
    public IReadOnlyDictionary<string, SourceReference> Sources { get; init; } = new Dictionary<string, SourceReference>();

    /// <summary>Every figure with its provenance, in the order of the file.</summary>
    [NotInFile]
    public IReadOnlyList<ChipFigure> Figures { get; init; } = [];

    /// <summary>
    /// SHA-256, as 64 lower-case hexadecimal digits, of all values as sorted lines "path=text". Layout, comments and provenance of the
    /// file do not enter it. Computed at each call.
    /// </summary>
    public string Hash => CanonicalText.HashOf(this);

    /// <summary>The SRAM of all tiles together.</summary>
    public Bytes TotalSram => Sram.Capacity * Tiles.Count;

    /// <summary>The ROM of all tiles together; zero without one.</summary>
    public Bytes TotalRom => Rom is null ? Bytes.Zero : Rom.Capacity * Tiles.Count;

    /// <summary>All memory beside the die.</summary>
    public Bytes TotalMemory => Memory.Aggregate(Bytes.Zero, (sum, memory) => sum + memory.Capacity);

    /// <summary>True if the chip honours products of these weights and activations bit for bit.</summary>
    public bool Accepts(NumberFormat weight, NumberFormat activation) =>
        Numerics.Products.Any(pair => pair.Weights.Any(p => p.Matches(weight)) && pair.Activations.Any(p => p.Matches(activation)));

    /// <summary>True if the chip can hold a KV cache in this format.</summary>
    public bool AcceptsKv(NumberFormat format) => Numerics.KvCache.Any(p => p.Matches(format));

    IEnumerable<(string Key, string Problem)> IChecked.Check()
    {
        if (!CatalogName.IsValid(Name))
            yield return ("name", CatalogName.Problem(Name));
        if ((Int128)Sram.Capacity.Count * Tiles.Count > long.MaxValue || (Int128)(Rom?.Capacity.Count ?? 0) * Tiles.Count > long.MaxValue)
            yield return ("tiles", $"is {Tiles}: all tiles together hold more bytes than can be counted, so use fewer tiles or less SRAM");
        foreach (IGrouping<string, MemoryDescription> group in Memory.GroupBy(m => m.Name).Where(g => g.Count() > 1))
            yield return ("memory", $"names '{group.Key}' more than once: give each memory a name of its own");
        foreach (IGrouping<string, LinkDescription> group in Links.GroupBy(l => l.Name).Where(g => g.Count() > 1))
            yield return ("links", $"names '{group.Key}' more than once: give each link class a name of its own");
    }
}
