using System.Collections.Immutable;

namespace Tapeout.Isa;

/// <summary>
/// The program of a system for one quantised model: what machine, timing, hardware and people all read. A tape is immutable;
/// <see cref="TapeFile"/> stores it.
/// </summary>
public sealed record Tape
{
    /// <summary>The version of the instruction set it was made for.</summary>
    public required int IsaVersion { get; init; }

    /// <summary>SHA-256 of isa.json, in hex.</summary>
    public required string IsaHash { get; init; }

    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 of the quantised model (weights, formats, plans), in hex.</summary>
    public required string ModelHash { get; init; }

    /// <summary>The name of the quantisation: int8, int4, f32 …</summary>
    public required string Format { get; init; }

    /// <summary>The largest step that the tape can process.</summary>
    public required Envelope Envelope { get; init; }

    /// <summary>The operators that instructions come from.</summary>
    public required ImmutableArray<Origin> Origins { get; init; }

    /// <summary>The programs.</summary>
    public required ImmutableArray<Role> Roles { get; init; }
}
