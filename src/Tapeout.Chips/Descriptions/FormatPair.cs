namespace Tapeout.Chips;

/// <summary>Formats a chip can honour bit for bit: any of the weights with any of the activations.</summary>
public sealed record FormatPair
{
    /// <summary>Names of weight formats, e.g. int8-row, int4-g32-min@f16; * stands for any text.</summary>
    public required IReadOnlyList<FormatPattern> Weights { get; init; }

    /// <summary>Names of activation formats.</summary>
    public required IReadOnlyList<FormatPattern> Activations { get; init; }
}
