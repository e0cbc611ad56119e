namespace Tapeout.Isa;

/// <summary>One execution of an instruction: the stream with its loops unrolled.</summary>
/// <param name="Index">The position in the unrolled stream.</param>
/// <param name="ProgramCounter">The position in the role's instructions.</param>
/// <param name="Instruction">The instruction.</param>
/// <param name="Loops">The loop indices.</param>
public readonly record struct InstructionInstance(int Index, int ProgramCounter, Instruction Instruction, LoopIndices Loops);
