using System.Collections.Immutable;

namespace Tapeout.Isa;

/// <summary>A program that all ranks of one kind of chip and stage execute, each with its own rank number.</summary>
public sealed record Role
{
    /// <summary>The name, unique in the tape.</summary>
    public required string Name { get; init; }

    /// <summary>The chip's name.</summary>
    public required string Chip { get; init; }

    /// <summary>SHA-256 of the chip description, in hex.</summary>
    public required string ChipHash { get; init; }

    /// <summary>Chips that execute the role.</summary>
    public required int Ranks { get; init; }

    /// <summary>Tiles of a chip.</summary>
    public required int Tiles { get; init; }

    /// <summary>The buffers of each rank.</summary>
    public required ImmutableArray<TapeBuffer> Buffers { get; init; }

    /// <summary>The regions that instructions name by number.</summary>
    public required ImmutableArray<Descriptor> Descriptors { get; init; }

    /// <summary>The tokens that instructions name by number.</summary>
    public required ImmutableArray<DependencyToken> Tokens { get; init; }

    /// <summary>The stream, ending in HALT.</summary>
    public required ImmutableArray<Instruction> Instructions { get; init; }
}
