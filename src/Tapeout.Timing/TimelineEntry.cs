using Tapeout.Isa;

namespace Tapeout.Timing;

/// <summary>One execution on the timeline, in cycles of the first role's clock from the start of the step.</summary>
/// <param name="Role">The role's number in the tape.</param>
/// <param name="ProgramCounter">The instruction's place in the role.</param>
/// <param name="Instruction">The instruction.</param>
/// <param name="Layer">The layer; −1 outside of layers.</param>
/// <param name="Start">When it starts.</param>
/// <param name="Released">When its engine is free for the next.</param>
/// <param name="Done">When its result is there.</param>
/// <param name="Cause">What most of it is spent on.</param>
/// <param name="MemoryBytes">Bytes it moves from and to the memory beside the die.</param>
/// <param name="Rank">The rank of its role; 0 where rank 0 stands for all.</param>
public readonly record struct TimelineEntry(
    int Role,
    int ProgramCounter,
    Instruction Instruction,
    int Layer,
    long Start,
    long Released,
    long Done,
    Limiter Cause,
    long MemoryBytes,
    int Rank = 0
);
