namespace Tapeout.Isa;

/// <summary>Holds every instruction against the chip, the buffers its regions lie in, and its own constraints.</summary>
internal static class ConstraintCheck
{
    private const int MostCorners = 4000;
    private const int Budget = 8_000_000;

    public static void Check(Tape tape, Role role, LoopStructure loops, IChipCapabilities? chips, ProblemList problems)
    {
        int most = Math.Clamp(Budget / Math.Max(1, role.Instructions.Length), 8, MostCorners);
        for (int pc = 0; pc < role.Instructions.Length; pc++)
        {
            Instruction instruction = role.Instructions[pc];
            if (chips is not null && !chips.Supports(instruction.Opcode))
                problems.Add(
                    "chip",
                    role.Name,
                    pc,
                    $"the chip '{role.Chip}' does not have the instruction {instruction.Definition.Mnemonic}"
                );
            InstructionConstraints constraints = new(tape, role, loops, chips, problems, pc, CornerList.Of(tape, role, loops, pc, most));
            // Constraints compare ranges; ranges outside their buffers would only repeat the same error.
            if (constraints.Regions())
                instruction.Accept(constraints);
        }
    }
}
