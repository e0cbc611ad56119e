using Tapeout.Chips;
using Tapeout.Isa;

namespace Tapeout.Reports.Validation;

/// <summary>A row as a program: what is timed, on what, and what a datasheet alone would say.</summary>
internal sealed record RowPlan
{
    /// <summary>The family that the row is counted in.</summary>
    public required string Family { get; init; }

    /// <summary>What is held out as a whole: a matrix, a set of heads, a set of experts, a number of chips.</summary>
    public required string Shape { get; init; }

    /// <summary>The chip.</summary>
    public required ChipDescription Chip { get; init; }

    /// <summary>The software.</summary>
    public required SoftwareStack Software { get; init; }

    /// <summary>The program.</summary>
    public required Tape Tape { get; init; }

    /// <summary>The sequences, for attention.</summary>
    public required Step Step { get; init; }

    /// <summary>True where the host launches kernel by kernel, so that a loop over the row runs at the host's pace if the chip is faster.</summary>
    public bool IsLaunchedByHost { get; init; }

    /// <summary>Operations over peak rate and bytes over peak bandwidth, whichever is longer, in seconds.</summary>
    public required double Roofline { get; init; }

    /// <summary>True for rows that no constant was fitted on.</summary>
    public bool IsHeldOut => HoldOut.Holds(Shape);
}
