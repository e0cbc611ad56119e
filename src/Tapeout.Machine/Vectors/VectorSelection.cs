using Tapeout.Isa;

namespace Tapeout.Machine.Vectors;

/// <summary>Which executions are recorded; null leaves a field open.</summary>
public sealed record VectorSelection
{
    /// <summary>The instruction's position in its role's stream.</summary>
    public int? ProgramCounter { get; init; }

    /// <summary>The instruction.</summary>
    public Opcode? Opcode { get; init; }

    /// <summary>The step's number in the run, from 0.</summary>
    public int? Step { get; init; }

    /// <summary>The role's name.</summary>
    public string? Role { get; init; }

    /// <summary>The rank in the role's group.</summary>
    public int? Rank { get; init; }

    /// <summary>The tile of the chip.</summary>
    public int? Tile { get; init; }

    /// <summary>The layer of the model.</summary>
    public int? Layer { get; init; }

    /// <summary>True if an execution is meant.</summary>
    /// <param name="step">The number of its step.</param>
    /// <param name="point">Where and what.</param>
    public bool Matches(int step, in ExecutionPoint point) =>
        (Step is null || Step == step)
        && (ProgramCounter is null || ProgramCounter == point.Instance.ProgramCounter)
        && (Opcode is null || Opcode == point.Instance.Instruction.Opcode)
        && (Role is null || Role == point.Role.Name)
        && (Rank is null || Rank == point.Rank)
        && (Tile is null || Tile == point.Instance.Instruction.Tiles.First + point.Tile)
        && (Layer is null || Layer == point.Layer);
}
