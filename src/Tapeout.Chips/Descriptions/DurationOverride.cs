namespace Tapeout.Chips;

/// <summary>A duration that replaces the timing model's own for one instruction.</summary>
public sealed record DurationOverride
{
    /// <summary>Cycles as a formula over the instruction's sizes, e.g. "40" or "rows + 12".</summary>
    public required string Formula { get; init; }

    /// <summary>Where it comes from: a measurement, RTL.</summary>
    public required string Source { get; init; }
}
