using Tapeout.Models.Importers.GgufBlocks;

namespace Tapeout.Models.Importers;

/// <summary>One tensor of a GGUF file: GGUF lists dimensions fastest first, here they are named.</summary>
/// <param name="Name">The name, for example <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Columns">The first dimension: the axis that is summed over.</param>
/// <param name="Rows">The second dimension; 1 for vectors.</param>
/// <param name="Count">The third dimension: stacked matrices, one per expert; 1 for plain tensors.</param>
/// <param name="Offset">Where the bytes start in the file.</param>
/// <param name="Bytes">The number of bytes.</param>
public sealed record GgufTensor(string Name, int Columns, int Rows, int Count, long Offset, long Bytes)
{
    /// <summary>The name of the block type: F32, Q4_1, IQ4_XS …</summary>
    public string Type => Format.Name;

    /// <summary>The number of weights.</summary>
    public long Elements => (long)Columns * Rows * Count;

    internal BlockFormat Format { get; init; } = null!;
}
