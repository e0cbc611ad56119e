namespace Tapeout.Numerics.Kernels.Emitted;

/// <summary>What the code of an <see cref="IntegerTile"/> is called with: an array of numbers of 64 bits in this order.</summary>
internal enum TileArgument
{
    /// <summary>Address of the codes of the first group's first block; the code moves it, and the three after it, on from group to group.</summary>
    Codes,

    /// <summary>Address of the first group's scales; where every block has its own, of the first block's.</summary>
    Scales,

    /// <summary>Address of minima or zero points, as the scales.</summary>
    Offsets,

    /// <summary>Address of the first group's result for token 0.</summary>
    Output,

    /// <summary>Bytes from one group's codes to the next one's; the three after it likewise.</summary>
    CodeStride,
    ScaleStride,
    OffsetStride,
    OutputStride,

    /// <summary>Bytes from one token's results to the next one's.</summary>
    TokenStride,

    /// <summary>Groups of 16 rows, at least one; 0 afterwards.</summary>
    Groups,

    /// <summary>The number of the first block.</summary>
    FirstBlock,

    /// <summary>Address of the tile's codes [k / 4][tokens][4] from the first block on.</summary>
    X,

    /// <summary>Address of the tile's parameters from the first block on: for each block [tokens] starts, [tokens] scales and [tokens] sums of codes.</summary>
    Parameters,

    /// <summary>Address of room for [leaves][tokens][16] floats.</summary>
    Leaves,

    /// <summary>Address of 16 floats, made 0 if all results are finite and otherwise not all 0.</summary>
    Faults,

    /// <summary>How many there are.</summary>
    Count,
}
