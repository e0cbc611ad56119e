namespace Tapeout.Timing;

/// <summary>The work of one instruction of a tape over all its executions in a step, on all ranks and tiles.</summary>
/// <param name="Role">The role's number in the tape.</param>
/// <param name="ProgramCounter">The instruction's place in the role.</param>
/// <param name="Item">What is counted.</param>
/// <param name="Count">How much: operations or bytes.</param>
public readonly record struct WorkLine(int Role, int ProgramCounter, WorkItem Item, Int128 Count);
