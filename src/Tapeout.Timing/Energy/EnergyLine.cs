namespace Tapeout.Timing;

/// <summary>Energy of one instruction for one kind of work.</summary>
/// <param name="Role">The role's number in the tape; −1 for what belongs to no instruction.</param>
/// <param name="ProgramCounter">The instruction's place in the role; −1 for what belongs to none.</param>
/// <param name="Name">The kind of work, or what else it is.</param>
/// <param name="Part">What it is spent on.</param>
/// <param name="Boundary">The first boundary that it lies within.</param>
/// <param name="Count">Operations or bytes; 0 for what is not counted.</param>
/// <param name="Cause">The constant.</param>
/// <param name="Energy">The energy.</param>
public sealed record EnergyLine(
    int Role,
    int ProgramCounter,
    string Name,
    EnergyPart Part,
    Boundary Boundary,
    Int128 Count,
    Figure Cause,
    EnergyBand Energy
);
