namespace Tapeout.Timing;

/// <summary>A die of which both a model and a measurement exist.</summary>
/// <param name="Name">The die as the table names it.</param>
/// <param name="Blocks">Its groups of blocks; none if it cannot be expressed.</param>
/// <param name="Reason">Why it cannot be expressed; null if it can.</param>
public sealed record ComparedDie(string Name, IReadOnlyList<ComparedBlock> Blocks, string? Reason)
{
    /// <summary>The modelled area of all blocks, mm2.</summary>
    public decimal Predicted => Blocks.Sum(b => b.Predicted);

    /// <summary>The measured area of all blocks, mm2.</summary>
    public decimal Measured => Blocks.Sum(b => b.Measured);

    /// <summary>Predicted over measured, less 1.</summary>
    public decimal Error => Measured == 0 ? 0 : Predicted / Measured - 1;
}
