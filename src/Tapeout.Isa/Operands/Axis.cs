namespace Tapeout.Isa;

/// <summary>
/// A range along one axis of a tensor, in the tensor's own (global) coordinates. The whole axis [0, Total) is divided by RankStep, the
/// rank's part by TileStep, the tile's part by LoopStep, that by InnerStep; a step of 0 does not divide. The last part may be short and
/// further parts are empty: what is not there is absent, never padded.
/// </summary>
public readonly record struct Axis
{
    /// <summary>An undivided axis.</summary>
    public Axis(SizeExpression total) => Total = total;

    /// <summary>An undivided axis of constant size.</summary>
    public Axis(int total)
        : this(SizeExpression.Of(total)) { }

    /// <summary>Plain, rows of an expert, or there only for an expert with tokens.</summary>
    public AxisKind Kind { get; init; }

    /// <summary>The size of the whole axis.</summary>
    public SizeExpression Total { get; init; }

    /// <summary>Elements per rank (chip of a tensor-parallel group).</summary>
    public int RankStep { get; init; }

    /// <summary>Elements per tile of the group.</summary>
    public int TileStep { get; init; }

    /// <summary>Elements per iteration of loop <see cref="LoopLevel"/>.</summary>
    public int LoopStep { get; init; }

    /// <summary>The loop that LoopStep follows; for expert rows the loop over experts.</summary>
    public int LoopLevel { get; init; }

    /// <summary>Elements per iteration of loop <see cref="InnerLevel"/>, inside the part of LoopStep.</summary>
    public int InnerStep { get; init; }

    /// <summary>The loop that InnerStep follows; for <see cref="AxisKind.ActiveExpert"/> the loop over experts.</summary>
    public int InnerLevel { get; init; }

    /// <summary>The range for one tile and iteration.</summary>
    public AxisRange Resolve(in ResolveContext context)
    {
        if (Kind == AxisKind.ExpertRows)
            return context.ExpertRows(context.Loops[LoopLevel]);
        if (Kind == AxisKind.ActiveExpert && context.ExpertRows(context.Loops[InnerLevel]).Count == 0)
            return new(0, 0);
        return Divided(context.Sizes, context.Rank, context.Tile, context.Loops);
    }

    /// <summary>The range by steps alone.</summary>
    internal AxisRange Divided(in StepSizes sizes, int rank, int tile, in LoopIndices loops)
    {
        int low = 0;
        int high = Total.Evaluate(sizes);
        Divide(ref low, ref high, RankStep, rank);
        Divide(ref low, ref high, TileStep, tile);
        if (LoopStep > 0)
            Divide(ref low, ref high, LoopStep, loops[LoopLevel]);
        if (InnerStep > 0)
            Divide(ref low, ref high, InnerStep, loops[InnerLevel]);
        return new(low, high - low);
    }

    /// <summary>The largest number of elements any tile holds at once, for sizes up to <paramref name="bounds"/>.</summary>
    public int Capacity(in StepSizes bounds)
    {
        int size = Total.Evaluate(bounds);
        foreach (int step in (ReadOnlySpan<int>)[RankStep, TileStep, LoopStep, InnerStep])
        {
            if (step > 0)
                size = Math.Min(size, step);
        }
        return size;
    }

    private static void Divide(ref int low, ref int high, int step, int index)
    {
        if (step <= 0)
            return;
        long start = low + (long)step * index;
        int newLow = (int)Math.Min(high, start);
        high = (int)Math.Min(high, start + step);
        low = newLow;
    }

    /// <summary>As in assembly: <c>576/rank:192/tile:48/L1:16</c>.</summary>
    public override string ToString() => OperandText.Axis(this);
}
