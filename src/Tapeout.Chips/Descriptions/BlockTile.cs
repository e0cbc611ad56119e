using System.Globalization;

namespace Tapeout.Chips;

/// <summary>The part of a matrix product one thread block computes: m × n outputs in steps of k, written "128x128x64".</summary>
/// <param name="M">Rows of the output (tokens).</param>
/// <param name="N">Columns of the output.</param>
/// <param name="K">Terms summed in one step.</param>
public readonly record struct BlockTile(int M, int N, int K)
{
    private const int MostInOneDirection = 65_536;

    /// <summary>Parses "128x128x64"; on failure <paramref name="problem"/> says what is allowed.</summary>
    public static bool TryParse(string text, out BlockTile tile, out string problem)
    {
        bool parsed = Dimensions.TryParse(text, 3, MostInOneDirection, out int[] sizes);
        tile = parsed ? new(sizes[0], sizes[1], sizes[2]) : default;
        problem = parsed
            ? ""
            : $"'{Dimensions.Shorten(text)}' is not a thread-block tile: write m x n x k, each from 1 to {MostInOneDirection}, e.g. \"128x128x64\"";
        return parsed;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{M}x{N}x{K}");
}
