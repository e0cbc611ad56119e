namespace Tapeout.Reports.Validation;

/// <summary>One row of a validation.</summary>
/// <param name="Row">The measurement.</param>
/// <param name="Family">Its family; empty if it could not be expressed.</param>
/// <param name="Shape">What is held out as a whole.</param>
/// <param name="IsHeldOut">True if no constant was fitted on it.</param>
/// <param name="Measured">Seconds measured; 0 for a row that has no time.</param>
/// <param name="Predicted">Seconds predicted; 0 if it could not be expressed.</param>
/// <param name="Roofline">Seconds of the datasheet's roofline.</param>
/// <param name="Reason">Why it could not be expressed; empty if it was.</param>
public sealed record ValidatedRow(
    MeasuredRow Row,
    string Family,
    string Shape,
    bool IsHeldOut,
    double Measured,
    double Predicted,
    double Roofline,
    string Reason
)
{
    /// <summary>What the figures are in: "s", "J" or "W".</summary>
    public string Unit { get; init; } = "s";

    /// <summary>The chip of the catalog that it was timed on; empty if it could not be expressed.</summary>
    public string Chip { get; init; } = "";

    /// <summary>The software stack of the catalog whose kernels stand for the row's.</summary>
    public string Software { get; init; } = "";

    /// <summary>True if it was expressed and timed.</summary>
    public bool IsExpressed => Reason.Length == 0;

    /// <summary>Predicted over measured, less one.</summary>
    public double Error => Predicted / Measured - 1;

    /// <summary>The same of the roofline.</summary>
    public double RooflineError => Roofline / Measured - 1;
}
