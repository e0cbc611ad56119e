using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Compiler;

/// <summary>A value of the graph on its way through the chip: a buffer, and which part of each row a tile holds.</summary>
/// <param name="Buffer">The buffer's number.</param>
/// <param name="Format">The format of its elements.</param>
/// <param name="Rows">Tokens, rows of logits, or token and expert pairs.</param>
/// <param name="Columns">The columns a tile holds: undivided where every tile has whole rows.</param>
internal sealed record Value(int Buffer, NumberFormat Format, Axis Rows, Axis Columns)
{
    /// <summary>Columns of the whole row.</summary>
    public int Width => Columns.Total.Offset;

    /// <summary>True if every tile of every rank holds whole rows.</summary>
    public bool IsWhole => Columns is { RankStep: 0, TileStep: 0 };
}
