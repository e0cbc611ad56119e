using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>The silicon.</summary>
public sealed record DieDescription
{
    /// <summary>Area of one die.</summary>
    [Within("0.01mm2", "100000mm2")]
    public required Area Area { get; init; }

    /// <summary>Dies in a package.</summary>
    [Within("1", "1024")]
    public int Count { get; init; } = 1;

    /// <summary>Tiles on the die that are switched off to save dies with defects; none: every tile must work, or nobody says.</summary>
    [Within("0", "1000000")]
    public int? SpareTiles { get; init; }
}
