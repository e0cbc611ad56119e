using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing;

internal sealed partial class LibraryKernels
{
    /// <summary>Flash attention: blocks of queries against all visible keys, split over positions where there are few blocks.</summary>
    public KernelTime Attention(AttentionShape shape)
    {
        long bytes = 0;
        long macs = 0;
        long exponentials = 0;
        foreach (SequenceRow row in shape.Sequences)
        {
            long positions = row.Context + (long)row.NewTokens;
            long held = shape.Window > 0 ? Math.Min(positions, (long)shape.Window + row.NewTokens - 1) : positions;
            bytes += 2 * held * shape.KvHeads * new TensorLayout(shape.Kv, 1, shape.HeadDimension).Bytes;
            long visible = (long)row.NewTokens * row.Context + (long)row.NewTokens * (row.NewTokens + 1) / 2;
            macs += 2 * visible * shape.Heads * shape.HeadDimension;
            exponentials += visible * shape.Heads;
        }
        long rate = (_chip.Matrix.MacsFor(ElementType.BF16, ElementType.BF16) ?? _chip.Vector.Operations).Count;
        long multiply = Divide(macs * 1000, rate * _cores * _matrixPerMille);
        long special = Divide(exponentials, _chip.Vector.SpecialOperations.Count * (long)_cores);
        return new(_block, Math.Max(multiply, special), 0, bytes, Limiter.Compute, Limiter.Kv);
    }
}
