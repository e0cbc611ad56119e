using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing;

internal sealed partial class LibraryKernels
{
    /// <summary>Queries and keys of one step of a thread block of attention over a prompt.</summary>
    private const int BlockQueries = 128;

    /// <summary>Keys whose two-byte keys and values fill the shared memory of a thread block of a decode step.</summary>
    private const int DecodeTokens = 384;

    /// <summary>Vector operations of a score beside its exponential: scale, maximum, subtraction, sum, conversion, partly paired.</summary>
    private const double OperationsPerScore = 2.4;

    /// <summary>Attention of a step: sequences with one new token behind others stream their KV cache, prompts multiply blocks of queries by blocks of keys.</summary>
    public KernelTime Attention(AttentionShape shape, long memoryBytes) =>
        shape.Sequences.All(s => s.NewTokens == 1 && s.Context > 0) ? Decode(shape, memoryBytes) : Prompt(shape);

    /// <summary>
    /// A thread block takes one KV head of one sequence, or a part of its positions where there are few blocks. It streams its part at its own
    /// rate and takes at least a least time; blocks of a core follow each other without a gap but for the first, and all together no faster
    /// than memory and shared SRAM. Groups of query heads larger than the kernel's take a block each head, which reads the KV head again.
    /// A kernel for one query head a KV head works element by element, at the same rate for any format.
    /// </summary>
    private KernelTime Decode(AttentionShape shape, long memoryBytes)
    {
        int group = Math.Max(1, shape.Heads / Math.Max(1, shape.KvHeads));
        bool grouped = group > 1 && group <= Library.LargestGroup;
        long heads = grouped ? shape.KvHeads : shape.Heads;
        long tokenBytes = 2 * new TensorLayout(shape.Kv, 1, shape.HeadDimension).Bytes;
        long wideBytes = 4L * shape.HeadDimension;
        long streamed = grouped ? tokenBytes : wideBytes;
        long resident = grouped ? Math.Max(1, _chip.Sram.Capacity.Count * 9 / 10 / (DecodeTokens * tokenBytes)) : 3;
        long least = grouped ? _decodeBlock * tokenBytes / wideBytes : _decodeBlock;
        long bytes = 0;
        long longest = 0;
        Int128 all = 0;
        foreach (SequenceRow row in shape.Sequences)
        {
            long seen = row.Context + 1L;
            long held = shape.Window > 0 ? Math.Min(seen, shape.Window) : seen;
            bytes += held * shape.KvHeads * tokenBytes;
            all += held;
            longest = Math.Max(longest, held);
        }
        long slots = _cores * resident;
        long shared = Shared(bytes * heads / Math.Max(1, shape.KvHeads));
        long memory = MemoryCycles(memoryBytes);
        KernelTime best = default;
        long time = long.MaxValue;
        for (int split = 1; split <= 128 && (split == 1 || longest / split >= 128); split *= 2)
        {
            long blocks = shape.Sequences.Length * heads * split;
            // A ragged batch: the mean where blocks queue, the longest where all run at once.
            long mean = Divide((long)(all / shape.Sequences.Length), split);
            long most = Divide(longest, split);
            long Stream(long tokens) => (long)((RoundUp(tokens, 32) * streamed * (Int128)_chip.Clock.Count) / Library.DecodeStream.Count);
            long one = Math.Max(least, Stream(most));
            long work = blocks >= 4 * slots ? Divide(blocks * Math.Max(least, Stream(mean)), slots) : Divide(blocks, slots) * one;
            long fill = Math.Min(least, Stream(most)) + (split > 1 ? _split : 0);
            long total = Math.Max(work + fill, Math.Max(shared, memory));
            if (total >= time)
                continue;
            time = total;
            best = new(fill, work, shared, Limiter.Kv, Limiter.Kv);
        }
        return best;
    }

    /// <summary>
    /// Flash attention: a thread block takes 128 queries of one head and walks the visible keys in steps of 128: two products, then the
    /// softmax on the special-function and vector units. Blocks of long sequences are started first; half of the longest is left at the end.
    /// </summary>
    private KernelTime Prompt(AttentionShape shape)
    {
        bool narrow = shape.Kv.ElementBits <= 8;
        ElementType multiplied = narrow ? ElementType.I8 : ElementType.BF16;
        long rate = (_chip.Matrix.MacsFor(multiplied, multiplied) ?? _chip.Matrix.MacsFor(ElementType.BF16, ElementType.BF16))?.Count ?? 1;
        double special = 1.0 / _chip.Vector.SpecialOperations.Count + OperationsPerScore / _chip.Vector.Operations.Count;
        long bytes = 0;
        long steps = 0;
        long blocks = 0;
        long longest = 0;
        long queries = BlockQueries;
        foreach (SequenceRow row in shape.Sequences)
        {
            // Short prompts take smaller blocks.
            queries = row.NewTokens > 64 ? BlockQueries : 64;
            long held = row.Context + (long)row.NewTokens;
            bytes += 2 * held * shape.KvHeads * new TensorLayout(shape.Kv, 1, shape.HeadDimension).Bytes;
            bytes += 4L * row.NewTokens * shape.Heads * shape.HeadDimension;
            long rows = Divide(row.NewTokens, queries);
            for (long i = 0; i < rows; i++)
            {
                long seen = Math.Min(held, row.Context + (i + 1) * queries);
                long first = shape.Window > 0 ? Math.Max(0, row.Context + i * queries - shape.Window) : 0;
                long walked = Divide(seen - first, 64);
                steps += walked * shape.Heads;
                longest = Math.Max(longest, walked);
            }
            blocks += rows * shape.Heads;
        }
        // Half steps of 64 keys, so that a short prompt is not charged for keys it has not.
        double scores = queries * 64.0;
        double multiply = 2 * scores * shape.HeadDimension * 1000 / (rate * _matrixPerMille);
        long step = (long)Math.Ceiling((multiply + scores * special) / (double)Library.AttentionEfficiency);
        long alone = longest * step + _attentionBlock;
        long together = Divide(steps * step + blocks * _attentionBlock, _cores);
        if (blocks > _cores)
            together += longest * step / 2;
        return new(0, Math.Max(alone, together), Shared(bytes), Limiter.Compute, Limiter.Kv);
    }

    private static long RoundUp(long value, long step) => (value + step - 1) / step * step;
}
