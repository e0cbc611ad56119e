using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing;

internal sealed partial class LibraryKernels
{
    /// <summary>Queries and keys of one step of a thread block of attention over a prompt.</summary>
    private const int BlockQueries = 128;

    /// <summary>Keys whose two-byte keys and values fill the shared memory of a thread block of a decode step.</summary>
    private const int DecodeTokens = 384;

    /// <summary>Thread blocks of an element-wise kernel that a core holds at once.</summary>
    private const int ElementwiseBlocks = 3;

    /// <summary>Rate of an element-wise kernel's block, in thousandths of one that copies to shared memory while it works.</summary>
    private const int ElementwiseStream = 700;

    /// <summary>Query heads of a group that double the least time of a thread block with two-byte elements.</summary>
    private const int HeadsOfABlock = 100;

    /// <summary>Most parts of a sequence.</summary>
    private const int MostParts = 256;

    /// <summary>Positions of the smallest part of a sequence.</summary>
    private const int LeastPart = 64;

    /// <summary>What all cores' blocks together could stream at least, in hundredths of what the memory delivers: on the H100 they reach as much.</summary>
    private const int StreamReserve = 117;

    /// <summary>Vector operations of a score beside its exponential: scale, maximum, subtraction, sum, conversion, partly paired.</summary>
    private const double OperationsPerScore = 2.4;

    /// <summary>Attention of a step: sequences with one new token behind others stream their KV cache, prompts multiply blocks of queries by blocks of keys.</summary>
    public KernelTime Attention(AttentionShape shape) =>
        shape.Sequences.All(s => s.NewTokens == 1 && s.Context > 0) ? Decode(shape) : Prompt(shape);

    /// <summary>
    /// A thread block takes one KV head of one sequence, or a part of its positions where there are few blocks. It begins, streams its part at
    /// its own rate, and takes at least a least time; blocks of a core follow each other without a gap, and all together no faster than memory
    /// and shared SRAM, whose bytes arrive when the first blocks have begun. Parts of a sequence leave partial results that one block reads
    /// and merges. Groups of query heads larger than the kernel's take a block each head, which reads the KV head again. A kernel for one
    /// query head a KV head works element by element, with what is in flight in registers: at a lower rate, the same for any format.
    /// </summary>
    private KernelTime Decode(AttentionShape shape)
    {
        int group = Math.Max(1, shape.Heads / Math.Max(1, shape.KvHeads));
        bool grouped = group > 1 && group <= Library.LargestGroup;
        long heads = grouped ? shape.KvHeads : shape.Heads;
        long tokenBytes = 2 * new TensorLayout(shape.Kv, 1, shape.HeadDimension).Bytes;
        long wideBytes = 4L * shape.HeadDimension;
        long streamed = grouped ? tokenBytes : wideBytes;
        long resident = grouped ? Math.Max(1, _chip.Sram.Capacity.Count * 9 / 10 / (DecodeTokens * tokenBytes)) : ElementwiseBlocks;
        long least = grouped ? _decodeBlock * tokenBytes / wideBytes + _decodeBlock * group / HeadsOfABlock : _decodeBlock;
        long perMille = grouped ? 1000 : ElementwiseStream;
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
        // Kernels are written to fill the memory where every core has its blocks.
        Int128 stream = Int128.Max(Library.DecodeStream.Count, _streamedBytesPerSecond * StreamReserve / (100 * slots));
        long Streamed(long part) => (long)(part * (Int128)_chip.Clock.Count * 1000 / (stream * perMille));
        KernelTime best = default;
        long time = long.MaxValue;
        for (int split = 1; split <= MostParts && (split == 1 || longest / split >= LeastPart); split *= 2)
        {
            long whole = shape.Sequences.Length * heads;
            if (split > 1 && whole * (split / 2) >= 2 * slots)
                break;
            long blocks = whole * split;
            // A ragged batch: the mean where blocks queue, the longest where all run at once.
            long mean = Divide((long)(all / shape.Sequences.Length), split);
            long most = Divide(longest, split);
            long Block(long tokens) => Math.Max(least, least / 2 + Streamed(RoundUp(tokens, 32) * streamed));
            long work = blocks >= 4 * slots ? Divide(blocks * Block(mean), slots) : Divide(blocks, slots) * Block(most);
            long fill = Math.Min(least, Streamed(RoundUp(most, 32) * streamed));
            if (split > 1)
                fill += _split + Streamed(4L * split * (grouped ? group : 1) * shape.HeadDimension);
            // Where keys are the values too, an element-wise kernel reads them twice: from the shared SRAM if what is in flight fits there.
            long inFlight = Math.Min(blocks, slots) * most * tokenBytes / 2;
            bool isReadAgain = shape.SharesKeysAndValues && !grouped && inFlight > (_chip.SharedSram?.Capacity.Count ?? 0);
            long memory = StreamCycles(shape.SharesKeysAndValues && !isReadAgain ? bytes / 2 : bytes);
            long beside = isReadAgain ? Math.Max(shared, memory) : shared;
            long total = fill + Math.Max(work, Math.Max(beside, memory));
            if (total >= time)
                continue;
            time = total;
            best = new(fill, work, beside, Limiter.Kv, Limiter.Kv) { Streams = true };
        }
        return best;
    }

    /// <summary>Cycles of bytes in long streams: at the efficiency of the memory itself.</summary>
    private long StreamCycles(long bytes) =>
        _streamedBytesPerSecond == 0
            ? 0
            : (long)((bytes * (Int128)_chip.Clock.Count + _streamedBytesPerSecond - 1) / _streamedBytesPerSecond);

    /// <summary>
    /// Flash attention: a thread block takes 128 queries of one head and walks the visible keys in steps of 128: two products, then the
    /// softmax on the special-function and vector units. Blocks of long sequences are started first; half of the longest is left at the end.
    /// </summary>
    private KernelTime Prompt(AttentionShape shape)
    {
        ElementType multiplied = Multiplication.OfAttention(_chip, Library, shape.Kv);
        long rate = _chip.Matrix.MacsFor(multiplied, multiplied)?.Count ?? _chip.Vector.Operations.Count;
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
        double both = Library.OverlapsSoftmax == true ? Math.Max(multiply, scores * special) : multiply + scores * special;
        long step = (long)Math.Ceiling(both / (double)Library.AttentionEfficiency);
        long alone = longest * step + _attentionBlock;
        long together = Divide(steps * step + blocks * _attentionBlock, _cores);
        if (blocks > _cores)
            together += longest * step / 2;
        return new(0, Math.Max(alone, together), Shared(bytes), Limiter.Compute, Limiter.Kv);
    }

    private static long RoundUp(long value, long step) => (value + step - 1) / step * step;
}
