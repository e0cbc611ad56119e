using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Weights etched in metal in each tile.</summary>
public sealed record RomDescription
{
    /// <summary>Bytes of one tile.</summary>
    [Within("1B", "1PiB")]
    public required Bytes Capacity { get; init; }

    /// <summary>Weight bytes that reach the multipliers of one tile in one cycle.</summary>
    [Within("1B/cycle", "1024MiB/cycle")]
    public required BytesPerCycle ReadRate { get; init; }
}
