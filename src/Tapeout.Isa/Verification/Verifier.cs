using Tapeout.Quantities;

namespace Tapeout.Isa;

/// <summary>
/// Proves before execution that a tape does what the manual allows: numbers in range, loops closed, every constraint of every instruction,
/// regions inside what a tile holds, memories large enough, constants and states not overlapped, every hazard ordered by engines and
/// tokens, nothing read before it is written, no deadlock.
/// </summary>
/// <remarks>
/// Sizes are proved at the envelope's bounds and at 1; ranks, tiles and iterations at the first ones, the last ones and those where a
/// divided axis ends. Dependences are proved over the first iterations of every loop; where tokens do not repeat with the loop, over the
/// whole stream.
/// </remarks>
public static class Verifier
{
    /// <summary>All that is wrong with a tape; nothing if it may be executed. Never throws, whatever the tape holds.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="chips">What the chip can do; null leaves out what depends on the chip.</param>
    public static IReadOnlyList<VerificationProblem> Verify(Tape tape, IChipCapabilities? chips)
    {
        ProblemList problems = new();
        StructureCheck.Tape(tape, problems);
        foreach (Role role in tape.Roles)
        {
            if (problems.Count == 0)
                StructureCheck.Role(tape, role, problems);
        }
        // What follows resolves ranges, addresses and loops: it needs numbers that are in range.
        if (problems.Count > 0)
            return problems.Found;
        ChannelCheck.Check(tape, problems);
        foreach (Role role in tape.Roles)
        {
            LoopStructure loops = LoopStructure.Of(role);
            MemoryCheck.Check(tape, role, chips, problems);
            ConstraintCheck.Check(tape, role, loops, chips, problems);
            if (TokenCheck.Check(tape, role, loops, problems))
                DependenceCheck.Check(tape, role, loops, problems);
        }
        return problems.Found;
    }

    /// <summary>Refuses a tape with problems.</summary>
    /// <exception cref="InvalidInputException">Every problem is named.</exception>
    public static void VerifyOrThrow(Tape tape, IChipCapabilities? chips)
    {
        IReadOnlyList<VerificationProblem> problems = Verify(tape, chips);
        if (problems.Count > 0)
            throw new InvalidInputException([.. problems.Select(p => $"The tape of '{tape.Model}' breaks a rule: {p}")]);
    }
}
