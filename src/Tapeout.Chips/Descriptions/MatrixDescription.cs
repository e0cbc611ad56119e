using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>The matrix unit of one tile.</summary>
public sealed record MatrixDescription : IChecked
{
    /// <summary>Rows of one array: the inputs summed over (K).</summary>
    [Within("1", "65536")]
    public required int Rows { get; init; }

    /// <summary>Columns of one array: the outputs (N).</summary>
    [Within("1", "65536")]
    public required int Columns { get; init; }

    /// <summary>Arrays of one tile.</summary>
    [Within("1", "4096")]
    public required int Count { get; init; }

    /// <summary>What it multiplies natively, and how fast.</summary>
    public required IReadOnlyList<MatrixFormat> Formats { get; init; }

    /// <summary>weight-stationary or output-stationary.</summary>
    public required Dataflow Dataflow { get; init; }

    /// <summary>True if weights are put into array slots by INSTALL instructions; otherwise every product streams its weights.</summary>
    public required bool ExplicitInstall { get; init; }

    /// <summary>Weight bytes that enter the arrays of one tile in one cycle. This, not the bandwidth of the SRAM, bounds decode at batch 1.</summary>
    [Within("1B/cycle", "1024MiB/cycle")]
    public required BytesPerCycle InstallRate { get; init; }

    /// <summary>Weight sets an array holds at once; 2 lets one be installed while the other multiplies.</summary>
    [Within("1", "16")]
    public required int Slots { get; init; }

    /// <summary>From the first operand to the first result.</summary>
    [Within("0 cycles", "100000 cycles")]
    public required Cycles PipelineFill { get; init; }

    /// <summary>The multiply-accumulates of one tile in one cycle, or null if the pair is not multiplied natively.</summary>
    public PerCycle? MacsFor(ElementType weight, ElementType activation) => FormatFor(weight, activation)?.Macs;

    /// <summary>The fastest of the formats that cover a pair, or null if it is not multiplied natively.</summary>
    public MatrixFormat? FormatFor(ElementType weight, ElementType activation)
    {
        MatrixFormat? best = null;
        foreach (MatrixFormat format in Formats)
        {
            if (format.Covers(weight, activation) && (best is null || format.Macs > best.Macs))
                best = format;
        }
        return best;
    }

    IEnumerable<(string Key, string Problem)> IChecked.Check()
    {
        if (ExplicitInstall && Dataflow == Dataflow.OutputStationary)
            yield return ("explicitInstall", "is true, but an output-stationary array keeps no weights: set dataflow to weight-stationary");
    }
}
