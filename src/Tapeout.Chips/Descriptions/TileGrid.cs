using System.Globalization;

namespace Tapeout.Chips;

/// <summary>The tiles of a die: rows × columns, written "8x8".</summary>
/// <param name="Rows">Tiles from top to bottom.</param>
/// <param name="Columns">Tiles from left to right.</param>
public readonly record struct TileGrid(int Rows, int Columns)
{
    private const int MostInOneDirection = 4096;

    /// <summary>Tiles in all.</summary>
    public int Count => Rows * Columns;

    /// <summary>Parses "8x8"; on failure <paramref name="problem"/> says what is allowed.</summary>
    public static bool TryParse(string text, out TileGrid grid, out string problem)
    {
        bool parsed = Dimensions.TryParse(text, 2, MostInOneDirection, out int[] sizes);
        grid = parsed ? new(sizes[0], sizes[1]) : default;
        problem = parsed
            ? ""
            : $"'{Dimensions.Shorten(text)}' is not a tile grid: write rows x columns, each from 1 to {MostInOneDirection}, e.g. \"8x8\"";
        return parsed;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rows}x{Columns}");
}
