using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>Time of the makespan that is charged to one instruction and one cause.</summary>
/// <param name="Role">The role's number in the tape.</param>
/// <param name="ProgramCounter">The instruction's place in the role.</param>
/// <param name="Cause">What it was spent on.</param>
/// <param name="Cycles">How long, over all executions of the instruction.</param>
public readonly record struct CriticalPathEntry(int Role, int ProgramCounter, Limiter Cause, Cycles Cycles);
