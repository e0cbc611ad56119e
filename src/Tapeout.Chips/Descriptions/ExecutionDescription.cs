using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>How the chip executes: placed by the compiler, or launched in thread blocks.</summary>
public sealed record ExecutionDescription : IChecked
{
    /// <summary>static or dynamic.</summary>
    public required ExecutionStyle Style { get; init; }

    /// <summary>Dynamic chips: from the host's call to the first instruction of a kernel, for a kernel launched by itself.</summary>
    [Within("0ns", "1s")]
    public Duration? LaunchOverhead { get; init; }

    /// <summary>Dynamic chips: the gap between two kernels of a recorded graph.</summary>
    [Within("0ns", "1s")]
    public Duration? GraphReplayOverhead { get; init; }

    /// <summary>Dynamic chips: thread blocks that one core holds at once.</summary>
    [Within("1", "64")]
    public int? BlocksPerCore { get; init; }

    /// <summary>Dynamic chips: the output tile m × n of a thread block and its step k.</summary>
    public BlockTile? BlockTile { get; init; }

    IEnumerable<(string Key, string Problem)> IChecked.Check()
    {
        (string Key, object? Value)[] launches =
        [
            ("launchOverhead", LaunchOverhead),
            ("graphReplayOverhead", GraphReplayOverhead),
            ("blocksPerCore", BlocksPerCore),
            ("blockTile", BlockTile),
        ];
        foreach ((string key, object? value) in launches)
        {
            if (Style == ExecutionStyle.Dynamic && value is null)
                yield return (key, "is missing: a chip of style dynamic needs it");
            if (Style == ExecutionStyle.Static && value is not null)
                yield return (key, "is given, but a chip of style static has no launches: remove it or set style to dynamic");
        }
    }
}
