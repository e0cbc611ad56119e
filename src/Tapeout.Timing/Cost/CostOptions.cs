namespace Tapeout.Timing;

/// <summary>What money is reckoned under besides the technology's files.</summary>
public sealed record CostOptions
{
    /// <summary>The date of the prices in the technology's files: amounts are in dollars of the United States of this day.</summary>
    public static DateOnly PriceDate { get; } = new(2026, 11, 1);

    /// <summary>How defects spread.</summary>
    public YieldModel Yield { get; init; } = YieldModel.NegativeBinomial;

    /// <summary>The share of the time in which the chip makes tokens at the rate of the bill.</summary>
    public decimal Utilisation { get; init; } = 0.7m;

    /// <summary>Chips over which masks are spread.</summary>
    public int Volume { get; init; } = 100_000;
}
