namespace Tapeout.Isa;

/// <summary>One row of the instruction table: all that encoder, decoder, assembler, disassembler, visitor and manual are made from.</summary>
/// <param name="Code">The opcode's number; numbers are never reused.</param>
/// <param name="Mnemonic">As in assembly.</param>
/// <param name="Name">As the C# type.</param>
/// <param name="Engine">The engine that takes it (exchanges: Network or Link, by their group).</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Operands">In the order of the encoding.</param>
/// <param name="Constraints">What the verifier proves, numbered from 1.</param>
/// <param name="Occupies">What the instruction keeps busy, for how long: what Timing charges.</param>
public sealed record InstructionDefinition(
    byte Code,
    string Mnemonic,
    string Name,
    Engine Engine,
    string Summary,
    IReadOnlyList<OperandDefinition> Operands,
    IReadOnlyList<ConstraintDefinition> Constraints,
    string Occupies
);
