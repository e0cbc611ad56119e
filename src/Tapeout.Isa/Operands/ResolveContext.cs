namespace Tapeout.Isa;

/// <summary>What ranges are evaluated over: the step's sizes and expert counts, the rank, the tile and the loop indices.</summary>
/// <param name="Step">The step, for its sizes and the counts per expert.</param>
/// <param name="Rank">The rank in the role's group.</param>
/// <param name="Tile">The tile in the instruction's tile group.</param>
/// <param name="Loops">The loop indices.</param>
/// <param name="Layer">The layer that the instruction belongs to; −1 outside of layers.</param>
public readonly record struct ResolveContext(Step Step, int Rank, int Tile, LoopIndices Loops, int Layer)
{
    /// <summary>The sizes of the step.</summary>
    public StepSizes Sizes => Step.Sizes;

    /// <summary>The rows of one expert in this layer, among rows sorted by expert.</summary>
    public AxisRange ExpertRows(int expert) => Step.Counts.RowsOf(Layer, expert);
}
