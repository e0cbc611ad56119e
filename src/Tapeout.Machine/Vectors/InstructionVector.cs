namespace Tapeout.Machine.Vectors;

/// <summary>What an instruction found and left at one tile of one rank in one step: a golden vector for hardware.</summary>
/// <param name="Step">The step's number in the run, from 0.</param>
/// <param name="Point">Where and when.</param>
/// <param name="Operands">Operands, then results, in the order of the instruction table.</param>
public sealed record InstructionVector(int Step, ExecutionPoint Point, IReadOnlyList<OperandVector> Operands);
