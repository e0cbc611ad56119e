namespace Tapeout.Reports.Validation;

/// <summary>A family of rows: one kind of kernel, chip, data type and framework.</summary>
/// <param name="Name">The name.</param>
/// <param name="All">Errors over all its rows.</param>
/// <param name="HeldOut">Errors over the shapes that no constant was fitted on.</param>
/// <param name="Roofline">Errors of the datasheet's roofline over all rows.</param>
/// <param name="RooflineHeldOut">The same over held-out shapes.</param>
/// <param name="FasterThanPossible">Rows whose measured time is less than their bytes take at the memory's peak bandwidth or their operations at peak rate.</param>
public sealed record FamilyResult(
    string Name,
    ErrorStatistics All,
    ErrorStatistics HeldOut,
    ErrorStatistics Roofline,
    ErrorStatistics RooflineHeldOut,
    int FasterThanPossible
);
