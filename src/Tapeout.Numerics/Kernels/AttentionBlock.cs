using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tapeout.Numerics.Kernels.Emitted;

namespace Tapeout.Numerics.Kernels;

/// <summary>
/// Attention of queries to one block of 64 positions of one KV head. Keys are kept transposed, so that each vector lane owns a position and folds q · k in
/// the plan's order; values are folded position after position with a lane an element. The bits are those of the scalar definition (ATTEND).
/// A node is what the tree over blocks is made of: the weighted values [d], the maximum of the scores, the sum of the weights; a sum of 0 means that
/// nothing was seen.
/// </summary>
[SkipLocalsInit]
public sealed unsafe partial class AttentionBlock : IDisposable
{
    /// <summary>Positions of a block.</summary>
    public const int Positions = 64;

    /// <summary>The most elements of a head: up to here the plan has at most four leaves.</summary>
    public const int LargestHead = 512;

    /// <summary>Queries whose sums C# code keeps in registers at once.</summary>
    private const int FourQueries = 4;

    /// <summary>Queries up to which numbers of 16 bits are widened as they are used, not when the block is read.</summary>
    private const int FewQueries = 12;

    /// <summary>
    /// Lines of the next block that are asked for at a time. A decode step of SmolLM2-135M (Q4_1, f16 cache, depth 6,000, two threads of an AMD Zen 4) takes
    /// 11.1 ms in the median, with 8 at a time 12.8 and with 128 13.6.
    /// </summary>
    private const int LinesPerStep = 20;

    private const int Width = 16;

    // [d, 64], [64, d] and [64, d] of the element that the block was read in.
    private readonly float* _keys;
    private readonly float* _values;
    private readonly float* _rows;
    private readonly float* _unused;
    private readonly ReductionPlan _plan;
    private readonly int _padded;
    private ElementType _element;

    // Of position 0: the copy above, or where the cache has them.
    private byte* _valueRows;

    // Of the block after this one: what has not been asked for yet, of keys and then of values.
    private byte* _ahead;
    private byte* _aheadEnd;
    private byte* _aheadValues;
    private byte* _aheadValuesEnd;

    /// <summary>Makes room for a block of heads of <paramref name="headDimension"/> elements.</summary>
    public AttentionBlock(int headDimension)
    {
        if (!Handles(headDimension))
            throw new ArgumentOutOfRangeException(nameof(headDimension), headDimension, $"Heads have 1 to {LargestHead} elements.");
        HeadDimension = headDimension;
        _plan = new(headDimension, ReductionPlan.DefaultBlock);
        _padded = Pad(headDimension);
        int block = Positions * _padded;
        _keys = (float*)NativeMemory.AlignedAlloc((nuint)((3 * block + _padded) * sizeof(float)), 64);
        NativeMemory.Clear(_keys, (nuint)((3 * block + _padded) * sizeof(float)));
        _values = _keys + block;
        _rows = _values + block;
        _unused = _rows + block;
    }

    /// <summary>d: elements of a head.</summary>
    public int HeadDimension { get; }

    /// <summary>True for head dimensions that there is room for.</summary>
    public static bool Handles(int headDimension) => headDimension is > 0 and <= LargestHead;

    /// <summary>Elements between two heads' rows: d up to a whole vector.</summary>
    public static int Pad(int headDimension) => (headDimension + Width - 1) / Width * Width;

    /// <summary>
    /// Says where the block after the one that is read next lies, so that it comes into the second-level cache while this one is worked on: pages of a cache are
    /// too short for the CPU to foresee them, and two blocks are all that the first level holds. Asked for a few lines at a time, since what is more than the CPU
    /// can wait for is dropped.
    /// </summary>
    /// <param name="keys">The first byte of its keys.</param>
    /// <param name="values">The first byte of its values.</param>
    /// <param name="keyBytes">Bytes of keys.</param>
    /// <param name="valueBytes">Bytes of values.</param>
    public void AskFor(byte* keys, byte* values, int keyBytes, int valueBytes)
    {
        _ahead = keys;
        _aheadEnd = keys + keyBytes;
        _aheadValues = values;
        _aheadValuesEnd = values + valueBytes;
    }

    /// <summary>Asks for some lines of the next block.</summary>
    private void Ask(int lines)
    {
        if (!Sse.IsSupported)
            return;
        for (; lines > 0; lines--)
        {
            if (_ahead >= _aheadEnd)
            {
                if (_aheadValues >= _aheadValuesEnd)
                    return;
                _ahead = _aheadValues;
                _aheadEnd = _aheadValuesEnd;
                _aheadValues = _aheadValuesEnd;
            }
            Sse.Prefetch1(_ahead);
            _ahead += 64;
        }
    }

    /// <summary>Reads the block. Values may be used where they lie: their memory must neither move nor change before the next block is read.</summary>
    /// <param name="keys">[.., d]; their k start at 0. All 64 rows of the block must be there.</param>
    /// <param name="keyRow">The row of the block's position 0.</param>
    /// <param name="values">As keys.</param>
    /// <param name="valueRow">The row of the block's position 0.</param>
    /// <param name="from">The first position that any query sees.</param>
    /// <param name="to">The last position that any query sees.</param>
    /// <param name="queries">How many queries will be attended, about: for a few, numbers of 16 bits are left as they are and widened with each query.</param>
    /// <param name="machineCode">False where <see cref="Attend"/> will do without <see cref="MachineCode"/>.</param>
    public void Read(
        in PackedMatrix keys,
        int keyRow,
        in PackedMatrix values,
        int valueRow,
        int from,
        int to,
        int queries,
        bool machineCode = true
    )
    {
        if (from < 0 || to >= Positions || from > to)
            throw new ArgumentOutOfRangeException(nameof(from), from, $"Positions {from} to {to} are no part of a block.");
        keys.Require(keyRow + from, to - from + 1, 0, HeadDimension);
        values.Require(valueRow + from, to - from + 1, 0, HeadDimension);
        fixed (byte* keyBytes = keys.Bytes)
        fixed (byte* valueBytes = values.Bytes)
        {
            if (queries <= FewQueries && TryReadHalves(keys, keyBytes, keyRow, values, valueBytes, valueRow, from, to, machineCode))
                return;
            _element = ElementType.F32;
            _valueRows = (byte*)_values;
            for (int p = from; p <= to; p++)
            {
                nint at = (nint)p * _padded;
                TensorCodec.DequantiseSegment(keys.Layout, keyBytes, keyRow + p, -keys.ColumnStart, HeadDimension, _rows + at);
                TensorCodec.DequantiseSegment(values.Layout, valueBytes, valueRow + p, -values.ColumnStart, HeadDimension, _values + at);
            }
        }
        Transpose(from & ~3, (to + 4) & ~3);
    }

    /// <summary>The nodes of queries of several tokens.</summary>
    /// <param name="queries">[tokens, perToken, d].</param>
    /// <param name="perToken">Queries of a token: heads that share the block.</param>
    /// <param name="seen">The positions that each token sees; From > To for none.</param>
    /// <param name="scale">The scores' factor.</param>
    /// <param name="softcap">Bounds the scores; 0 for none.</param>
    /// <param name="nodes">Each [d up to a whole vector, maximum, sum].</param>
    /// <param name="stride">Elements from one query's node to the next one's.</param>
    /// <param name="machineCode">False to do without <see cref="MachineCode"/> even where there is some.</param>
    public void Attend(
        float* queries,
        int perToken,
        ReadOnlySpan<(int From, int To)> seen,
        float scale,
        float softcap,
        float* nodes,
        nint stride,
        bool machineCode = true
    )
    {
        if (machineCode && MachineCode.IsAvailable)
        {
            AttendTiles(queries, perToken, seen, scale, softcap, nodes, stride);
            Ask(int.MaxValue);
            return;
        }
        Ask(int.MaxValue);
        for (int token = 0; token < seen.Length; token++)
        {
            (int from, int to) = seen[token];
            for (int query = 0; query < perToken; query += FourQueries)
            {
                int first = token * perToken + query;
                int count = Math.Min(FourQueries, perToken - query);
                if (from <= to)
                    AttendFour(queries + (nint)first * HeadDimension, count, from, to, scale, softcap, nodes + first * stride, stride);
                for (int i = 0; from > to && i < count; i++)
                    Clear(nodes + (first + i) * stride);
            }
        }
    }

    private void AttendFour(float* queries, int count, int from, int to, float scale, float softcap, float* nodes, nint stride)
    {
        switch (_element)
        {
            case ElementType.F16:
                Attend<HalfParameters>(queries, count, from, to, scale, softcap, nodes, stride);
                break;
            case ElementType.BF16:
                Attend<BrainParameters>(queries, count, from, to, scale, softcap, nodes, stride);
                break;
            default:
                Attend<SingleParameters>(queries, count, from, to, scale, softcap, nodes, stride);
                break;
        }
    }

    /// <summary>The node of a query that sees nothing.</summary>
    private void Clear(float* node) => new Span<float>(node, _padded + 2).Clear();

    /// <summary>left = the node above left and right; both [d up to a whole vector, maximum, sum].</summary>
    public static void Merge(float* left, float* right, int padded)
    {
        if (right[padded + 1] == 0)
            return;
        if (left[padded + 1] == 0)
        {
            Buffer.MemoryCopy(right, left, (padded + 2) * sizeof(float), (padded + 2) * sizeof(float));
            return;
        }
        float maximum = left[padded] > right[padded] ? left[padded] : right[padded];
        float a = Elementary.Exp(left[padded] - maximum);
        float b = Elementary.Exp(right[padded] - maximum);
        left[padded + 1] = left[padded + 1] * a + right[padded + 1] * b;
        left[padded] = maximum;
        for (int j = 0; j < padded; j += Width)
            (Vector512.Load(left + j) * Vector512.Create(a) + Vector512.Load(right + j) * Vector512.Create(b)).Store(left + j);
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_keys);

    /// <summary>Scores become weights, exp(score − maximum), 0 for what is not seen; returns their sum in 16 lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Weigh(float* scores, int from, int to, float scale, float softcap, out float maximum)
    {
        Vector512<float> most = Vector512.Create(float.NegativeInfinity);
        Vector512<int> index = Vector512<int>.Indices;
        Vector512<int> low = Vector512.Create(from);
        Vector512<int> high = Vector512.Create(to);
        for (int p = from / Width * Width; p <= to; p += Width)
        {
            Vector512<float> score = Vector512.Load(scores + p) * Vector512.Create(scale);
            if (softcap > 0)
                score = VectorElementary.Softcap(score, softcap);
            Vector512<int> position = index + Vector512.Create(p);
            Vector512<int> seen = Vector512.GreaterThanOrEqual(position, low) & Vector512.LessThanOrEqual(position, high);
            score = Vector512.ConditionalSelect(seen.AsSingle(), score, Vector512.Create(float.NegativeInfinity));
            score.Store(scores + p);
            most = Vector512.ConditionalSelect(Vector512.GreaterThan(score, most), score, most);
        }
        maximum = Largest(most);
        // Of zeros of both signs the first counts, as in a scan from the left.
        for (int p = from; maximum == 0 && p <= to; p++)
        {
            if (scores[p] != 0)
                continue;
            maximum = scores[p];
            break;
        }
        Vector512<float> lanes = default;
        Vector512<float> highest = Vector512.Create(maximum);
        for (int p = from / Width * Width; p <= to; p += Width)
        {
            // What is not seen has the score −∞ and so the weight 0.
            Vector512<float> weight = VectorElementary.Exp(Vector512.Load(scores + p) - highest);
            lanes += weight;
            weight.Store(scores + p);
        }
        return FoldLanes(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest(Vector512<float> lanes)
    {
        Vector256<float> eight = Larger(lanes.GetLower(), lanes.GetUpper());
        Vector128<float> four = Larger(eight.GetLower(), eight.GetUpper());
        four = Larger(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return four[1] > four[0] ? four[1] : four[0];
    }

    private static Vector256<float> Larger(Vector256<float> a, Vector256<float> b) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(b, a), b, a);

    private static Vector128<float> Larger(Vector128<float> a, Vector128<float> b) =>
        Vector128.ConditionalSelect(Vector128.GreaterThan(b, a), b, a);

    /// <summary>As <see cref="Sums.FoldLanes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float FoldLanes(Vector512<float> lanes)
    {
        Vector256<float> eight = lanes.GetLower() + lanes.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        four += Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1));
        return four[0] + four[1];
    }
}
