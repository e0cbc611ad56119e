namespace Tapeout.Chips;

/// <summary>The thread-block tile of a library that goes by the rows of a product instead of trying all it has.</summary>
public sealed record TileRule
{
    /// <summary>Most rows of activations that the tile is taken for; none for any.</summary>
    [Within("1", "1048576")]
    public int? MostRows { get; init; }

    /// <summary>The tile.</summary>
    public required BlockTile Tile { get; init; }
}
