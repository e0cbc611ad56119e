using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>A block of a die with its area and where that comes from.</summary>
/// <param name="Name">What a floorplan calls it.</param>
/// <param name="Group">What it is for.</param>
/// <param name="Content">What most of it is: logic leaks otherwise than SRAM.</param>
/// <param name="Figure">The area in mm2 with its cause.</param>
public sealed record AreaBlock(string Name, AreaGroup Group, AreaContent Content, Figure Figure)
{
    /// <summary>The typical area, to a square nanometre.</summary>
    public Area Area => ToArea(Figure.Value.Typical);

    /// <summary>The least area.</summary>
    public Area Low => ToArea(Figure.Value.Low);

    /// <summary>The greatest area.</summary>
    public Area High => ToArea(Figure.Value.High);

    private static Area ToArea(decimal squareMillimetres) => new((long)Math.Round(squareMillimetres * 1_000_000_000_000m));
}
