using Tapeout.Numerics;

namespace Tapeout.Isa;

/// <summary>Whose rows an expert's range stands for in a proof.</summary>
internal enum ExpertCorner
{
    /// <summary>All tokens went to the expert.</summary>
    All,

    /// <summary>The last row alone.</summary>
    Last,

    /// <summary>No token went to it.</summary>
    None,
}

/// <summary>One point at which ranges are proved.</summary>
internal readonly record struct Corner(StepSizes Sizes, int Rank, int Tile, LoopIndices Loops, ExpertCorner Expert)
{
    public AxisRange Resolve(Axis axis)
    {
        AxisRange whole = axis.Divided(Sizes, Rank, Tile, Loops);
        if (axis.Kind == AxisKind.ActiveExpert && Expert == ExpertCorner.None)
            return new(0, 0);
        if (axis.Kind != AxisKind.ExpertRows)
            return whole;
        int total = axis.Total.Evaluate(Sizes);
        return Expert switch
        {
            ExpertCorner.All => new(0, total),
            ExpertCorner.Last when total > 0 => new(total - 1, 1),
            _ => new(0, 0),
        };
    }
}

/// <summary>A descriptor at a corner.</summary>
/// <param name="Buffer">Its buffer.</param>
/// <param name="Rows">The rows.</param>
/// <param name="Columns">The columns.</param>
/// <param name="HeldRows">The rows that the tile holds.</param>
/// <param name="HeldColumns">The columns that the tile holds.</param>
/// <param name="ExpertLevel">The loop whose expert's rows these are; −1 for plain rows.</param>
/// <param name="WholeColumns">Columns of the whole tensor.</param>
internal readonly record struct CornerRegion(
    TapeBuffer Buffer,
    AxisRange Rows,
    AxisRange Columns,
    AxisRange HeldRows,
    AxisRange HeldColumns,
    int ExpertLevel,
    int WholeColumns
)
{
    public NumberFormat Format => Buffer.Format;

    public bool IsEmpty => Rows.Count == 0 || Columns.Count == 0;

    public bool IsInside => IsEmpty || (HeldRows.Contains(Rows) && HeldColumns.Contains(Columns));

    /// <summary>True if the columns are all columns of the tensor.</summary>
    public bool IsWhole => Columns.Start == 0 && Columns.Count == WholeColumns;

    public bool HasRowsOf(CornerRegion other) => Rows.Count == other.Rows.Count && ExpertLevel == other.ExpertLevel;

    /// <summary>True if both have the same number of rows and columns; two regions without elements are alike.</summary>
    public bool HasShapeOf(CornerRegion other) => (IsEmpty && other.IsEmpty) || (HasRowsOf(other) && Columns.Count == other.Columns.Count);

    public string Shape => $"{Rows.Count} × {Columns.Count}";
}
