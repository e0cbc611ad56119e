using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Power of one chip with its memory.</summary>
public sealed record PowerDescription : IChecked
{
    /// <summary>The most it may dissipate for long.</summary>
    [Within("1mW", "1MW")]
    public required Power Tdp { get; init; }

    /// <summary>What it dissipates when clocked without work.</summary>
    [Within("0W", "1MW")]
    public required Power Idle { get; init; }

    IEnumerable<(string Key, string Problem)> IChecked.Check()
    {
        if (Idle > Tdp)
            yield return ("idle", $"is {Idle}, more than the tdp of {Tdp}: idle power is part of it");
    }
}
