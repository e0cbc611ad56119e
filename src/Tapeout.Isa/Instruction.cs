using System.Collections.Immutable;

namespace Tapeout.Isa;

/// <summary>
/// One instruction of a tape. The kinds are generated from <see cref="InstructionTable"/>; this base holds what all have: engine, tile
/// group, tokens, source.
/// </summary>
public abstract record Instruction
{
    /// <summary>Which instruction.</summary>
    public abstract Opcode Opcode { get; }

    /// <summary>The engine that takes it.</summary>
    public Engine Engine { get; init; }

    /// <summary>The tiles that act.</summary>
    public TileGroup Tiles { get; init; } = new(0, 1);

    /// <summary>Tokens whose next signal must have been given before the instruction starts.</summary>
    public ImmutableArray<int> Waits { get; init; } = [];

    /// <summary>Tokens signalled once, when the instruction has completed.</summary>
    public ImmutableArray<int> Signals { get; init; } = [];

    /// <summary>The number of the source operator in the tape.</summary>
    public int Origin { get; init; }

    /// <summary>The values of the operands, in the order of the table; descriptors as their numbers, −1 for none.</summary>
    public abstract ImmutableArray<OperandValue> Operands { get; }

    /// <summary>Numbers of the descriptors read.</summary>
    public abstract ImmutableArray<int> Reads { get; }

    /// <summary>Numbers of the descriptors written.</summary>
    public abstract ImmutableArray<int> Writes { get; }

    /// <summary>Calls the visitor's method for this kind.</summary>
    public abstract T Accept<T>(IInstructionVisitor<T> visitor);

    /// <summary>Its row in the instruction table.</summary>
    public InstructionDefinition Definition => InstructionTable.Of(Opcode);
}
