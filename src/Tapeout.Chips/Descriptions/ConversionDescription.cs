using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Converters between formats in one tile.</summary>
public sealed record ConversionDescription
{
    /// <summary>Elements quantised in one cycle, with their absolute maximum known.</summary>
    [Within("1/cycle", "1000000000/cycle")]
    public required PerCycle Quantise { get; init; }

    /// <summary>Elements expanded in one cycle.</summary>
    [Within("1/cycle", "1000000000/cycle")]
    public required PerCycle Dequantise { get; init; }
}
