namespace Tapeout.Chips;

/// <summary>Chips of one kind in a system.</summary>
public sealed record SystemMember
{
    /// <summary>The chip's name in the catalog, or the path of its file from the system's file.</summary>
    public required string Chip { get; init; }

    /// <summary>How many of them.</summary>
    [Within("1", "1000000")]
    public required int Count { get; init; }

    /// <summary>What they do.</summary>
    public ChipDuty Duty { get; init; } = ChipDuty.All;

    /// <summary>The link class these chips are wired by, where it differs from the topology's.</summary>
    public string? Link { get; init; }

    /// <summary>The chip itself.</summary>
    [NotInFile]
    public ChipDescription Description { get; init; } = null!;
}
