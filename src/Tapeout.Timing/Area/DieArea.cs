using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>The area of one die, block by block.</summary>
/// <param name="Blocks">The blocks; their areas sum to the whole exactly.</param>
public sealed record DieArea(IReadOnlyList<AreaBlock> Blocks)
{
    /// <summary>The whole.</summary>
    public Area Total => Sum(Blocks.Select(b => b.Area));

    /// <summary>The whole with every block at its least.</summary>
    public Area Low => Sum(Blocks.Select(b => b.Low));

    /// <summary>The whole with every block at its greatest.</summary>
    public Area High => Sum(Blocks.Select(b => b.High));

    /// <summary>The whole as a figure in mm2.</summary>
    public Figure Figure => Figure.Sum("die area", "mm2", [.. Blocks.Select(b => b.Figure)]);

    /// <summary>The blocks of one group together.</summary>
    public Area Of(AreaGroup group) => Sum(Blocks.Where(b => b.Group == group).Select(b => b.Area));

    /// <summary>The blocks of one content together, as a band in mm2.</summary>
    public Band Of(AreaContent content) =>
        Blocks.Where(b => b.Content == content).Aggregate(default(Band), (sum, b) => sum + b.Figure.Value);

    private static Area Sum(IEnumerable<Area> areas) => areas.Aggregate(Area.Zero, (sum, a) => sum + a);
}
