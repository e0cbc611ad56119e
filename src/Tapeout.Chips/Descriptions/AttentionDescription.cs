using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>A hard-wired attention unit of one tile. Without one, attention runs on the matrix and vector units.</summary>
public sealed record AttentionDescription
{
    /// <summary>Multiply-accumulates of q·k and p·v of one tile in one cycle.</summary>
    [Within("1/cycle", "1000000000/cycle")]
    public required PerCycle Macs { get; init; }

    /// <summary>Softmax terms of one tile in one cycle.</summary>
    [Within("1/cycle", "1000000000/cycle")]
    public required PerCycle Exponentials { get; init; }

    /// <summary>Bytes of the KV cache that enter the unit of one tile in one cycle.</summary>
    [Within("1B/cycle", "1024MiB/cycle")]
    public required BytesPerCycle KvRate { get; init; }
}
