namespace Tapeout.Timing;

/// <summary>What one chip on its card costs to build.</summary>
public sealed record ChipCost
{
    /// <summary>The parts, in dollars.</summary>
    public required IReadOnlyList<Figure> Lines { get; init; }

    /// <summary>Whole dies of a wafer.</summary>
    public required int DiesPerWafer { get; init; }

    /// <summary>The share of dies that can be sold.</summary>
    public required Figure Yield { get; init; }

    /// <summary>What is left out because nobody knows it; null if nothing is.</summary>
    public string? Remark { get; init; }

    /// <summary>What it was reckoned under.</summary>
    public required CostOptions Options { get; init; }

    /// <summary>The sum of the parts.</summary>
    public Figure Total => Figure.Sum("cost of a chip on its card", "USD", Lines);
}
