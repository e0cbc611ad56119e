namespace Tapeout.Isa;

/// <summary>The tiles of a chip that an instruction acts on: Count tiles from First on. Ranges see the tile's number inside the group.</summary>
/// <param name="First">The first tile.</param>
/// <param name="Count">The number of tiles.</param>
public readonly record struct TileGroup(int First, int Count)
{
    /// <summary>As in assembly: <c>0+64</c>.</summary>
    public override string ToString() => $"{First}+{Count}";
}
