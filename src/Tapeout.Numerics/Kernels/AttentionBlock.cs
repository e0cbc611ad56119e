using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Tapeout.Numerics.Kernels;

/// <summary>
/// Attention of queries to one block of 64 positions of one KV head. Keys are kept transposed, so that each vector lane owns a position and folds q · k in
/// the plan's order; values are folded position after position with a lane an element. The bits are those of the scalar definition (ATTEND).
/// A node is what the tree over blocks is made of: the weighted values [d], the maximum of the scores, the sum of the weights; a sum of 0 means that
/// nothing was seen.
/// </summary>
[SkipLocalsInit]
public sealed unsafe class AttentionBlock : IDisposable
{
    /// <summary>Positions of a block.</summary>
    public const int Positions = 64;

    /// <summary>The most elements of a head: up to here the plan has at most four leaves.</summary>
    public const int LargestHead = 512;

    private const int Width = 16;
    private readonly float* _keys;
    private readonly float* _values;
    private readonly float* _rows;
    private readonly float* _unused;
    private readonly ReductionPlan _plan;
    private readonly int _padded;

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

    /// <summary>Reads the block.</summary>
    /// <param name="keys">[.., d]; their k start at 0.</param>
    /// <param name="keyRow">The row of the block's position 0.</param>
    /// <param name="values">As keys.</param>
    /// <param name="valueRow">The row of the block's position 0.</param>
    /// <param name="from">The first position that any query sees.</param>
    /// <param name="to">The last position that any query sees.</param>
    public void Read(in PackedMatrix keys, int keyRow, in PackedMatrix values, int valueRow, int from, int to)
    {
        if (from < 0 || to >= Positions || from > to)
            throw new ArgumentOutOfRangeException(nameof(from), from, $"Positions {from} to {to} are no part of a block.");
        keys.Require(keyRow + from, to - from + 1, 0, HeadDimension);
        values.Require(valueRow + from, to - from + 1, 0, HeadDimension);
        fixed (byte* keyBytes = keys.Bytes)
        fixed (byte* valueBytes = values.Bytes)
        {
            for (int p = from; p <= to; p++)
            {
                TensorCodec.DequantiseSegment(
                    keys.Layout,
                    keyBytes,
                    keyRow + p,
                    -keys.ColumnStart,
                    HeadDimension,
                    _rows + (nint)p * _padded
                );
                TensorCodec.DequantiseSegment(
                    values.Layout,
                    valueBytes,
                    valueRow + p,
                    -values.ColumnStart,
                    HeadDimension,
                    _values + (nint)p * _padded
                );
            }
        }
        Transpose(from & ~3, (to + 4) & ~3);
    }

    /// <summary>The nodes of two queries.</summary>
    /// <param name="first">A query [d].</param>
    /// <param name="second">Another, or null.</param>
    /// <param name="from">The first position that both see.</param>
    /// <param name="to">The last position that both see.</param>
    /// <param name="scale">The scores' factor.</param>
    /// <param name="softcap">Bounds the scores; 0 for none.</param>
    /// <param name="firstNode">[d up to a whole vector, maximum, sum].</param>
    /// <param name="secondNode">As <paramref name="firstNode"/>; not used without a second query.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Attend(float* first, float* second, int from, int to, float scale, float softcap, float* firstNode, float* secondNode)
    {
        unchecked
        {
            float* scores = stackalloc float[2 * Positions + Width];
            scores = (float*)(((nint)scores + 63) & ~63);
            Score(first, second is null ? first : second, scores);
            float sum = Weigh(scores, from, to, scale, softcap, out float maximum);
            firstNode[_padded] = maximum;
            firstNode[_padded + 1] = sum;
            if (second is null)
            {
                Gather(scores, scores, from, to, firstNode, _unused);
                return;
            }
            sum = Weigh(scores + Positions, from, to, scale, softcap, out maximum);
            secondNode[_padded] = maximum;
            secondNode[_padded + 1] = sum;
            Gather(scores, scores + Positions, from, to, firstNode, secondNode);
        }
    }

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

    /// <summary>q · k of all 64 positions: each leaf of the plan from +0, the leaves by its tree.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Score(float* first, float* second, float* scores)
    {
        int leaves = _plan.Leaves;
        Vector512<float>* nodes = stackalloc Vector512<float>[16];
        for (int half = 0; half < Positions; half += 2 * Width)
        {
            // Two vectors of positions times two queries: four chains hide each other's latency.
            for (int leaf = 0; leaf < leaves; leaf++)
            {
                Vector512<float> a0 = default;
                Vector512<float> a1 = default;
                Vector512<float> b0 = default;
                Vector512<float> b1 = default;
                int end = _plan.LeafStart(leaf + 1);
                float* key = _keys + (nint)_plan.LeafStart(leaf) * Positions + half;
                for (int k = _plan.LeafStart(leaf); k < end; k++, key += Positions)
                {
                    Vector512<float> k0 = Vector512.Load(key);
                    Vector512<float> k1 = Vector512.Load(key + Width);
                    Vector512<float> a = Vector512.Create(first[k]);
                    Vector512<float> b = Vector512.Create(second[k]);
                    a0 = Vector512.FusedMultiplyAdd(k0, a, a0);
                    a1 = Vector512.FusedMultiplyAdd(k1, a, a1);
                    b0 = Vector512.FusedMultiplyAdd(k0, b, b0);
                    b1 = Vector512.FusedMultiplyAdd(k1, b, b1);
                }
                nodes[leaf * 4] = a0;
                nodes[leaf * 4 + 1] = a1;
                nodes[leaf * 4 + 2] = b0;
                nodes[leaf * 4 + 3] = b1;
            }
            for (int count = leaves / 2; count > 0; count /= 2)
            {
                for (int i = 0; i < count * 4; i++)
                    nodes[i] = nodes[i / 4 * 8 + i % 4] + nodes[i / 4 * 8 + 4 + i % 4];
            }
            nodes[0].Store(scores + half);
            nodes[1].Store(scores + half + Width);
            nodes[2].Store(scores + Positions + half);
            nodes[3].Store(scores + Positions + half + Width);
        }
    }

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
        maximum = float.NegativeInfinity;
        for (int lane = 0; lane < Width; lane++)
            maximum = most[lane] > maximum ? most[lane] : maximum;
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
        float* folded = stackalloc float[Width];
        lanes.Store(folded);
        return Sums.FoldLanes(new(folded, Width));
    }

    /// <summary>Σ weight · value over the positions in rising order, from +0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(float* first, float* second, int from, int to, float* firstNode, float* secondNode)
    {
        int j = 0;
        for (; j + 2 * Width <= _padded; j += 2 * Width)
        {
            Vector512<float> a0 = default;
            Vector512<float> a1 = default;
            Vector512<float> b0 = default;
            Vector512<float> b1 = default;
            float* value = _values + (nint)from * _padded + j;
            for (int p = from; p <= to; p++, value += _padded)
            {
                Vector512<float> v0 = Vector512.Load(value);
                Vector512<float> v1 = Vector512.Load(value + Width);
                Vector512<float> a = Vector512.Create(first[p]);
                Vector512<float> b = Vector512.Create(second[p]);
                a0 = Vector512.FusedMultiplyAdd(a, v0, a0);
                a1 = Vector512.FusedMultiplyAdd(a, v1, a1);
                b0 = Vector512.FusedMultiplyAdd(b, v0, b0);
                b1 = Vector512.FusedMultiplyAdd(b, v1, b1);
            }
            a0.Store(firstNode + j);
            a1.Store(firstNode + j + Width);
            b0.Store(secondNode + j);
            b1.Store(secondNode + j + Width);
        }
        for (; j < _padded; j += Width)
        {
            Vector512<float> a = default;
            Vector512<float> b = default;
            for (int p = from; p <= to; p++)
            {
                Vector512<float> value = Vector512.Load(_values + (nint)p * _padded + j);
                a = Vector512.FusedMultiplyAdd(Vector512.Create(first[p]), value, a);
                b = Vector512.FusedMultiplyAdd(Vector512.Create(second[p]), value, b);
            }
            a.Store(firstNode + j);
            b.Store(secondNode + j);
        }
    }

    /// <summary>_keys[k, p] = _rows[p, k] for positions [from, end), in squares of four by four.</summary>
    private void Transpose(int from, int end)
    {
        for (int p = from; p < end; p += 4)
        {
            for (int k = 0; k < _padded; k += 4)
            {
                float* source = _rows + (nint)p * _padded + k;
                Vector128<float> r0 = Vector128.Load(source);
                Vector128<float> r1 = Vector128.Load(source + _padded);
                Vector128<float> r2 = Vector128.Load(source + 2 * _padded);
                Vector128<float> r3 = Vector128.Load(source + 3 * _padded);
                Vector128<float> t0 = ZipLow(r0, r2);
                Vector128<float> t1 = ZipHigh(r0, r2);
                Vector128<float> t2 = ZipLow(r1, r3);
                Vector128<float> t3 = ZipHigh(r1, r3);
                float* target = _keys + (nint)k * Positions + p;
                ZipLow(t0, t2).Store(target);
                ZipHigh(t0, t2).Store(target + Positions);
                ZipLow(t1, t3).Store(target + 2 * Positions);
                ZipHigh(t1, t3).Store(target + 3 * Positions);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipLow(Vector128<float> a, Vector128<float> b)
    {
        if (Sse.IsSupported)
            return Sse.UnpackLow(a, b);
        return AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipHigh(Vector128<float> a, Vector128<float> b)
    {
        if (Sse.IsSupported)
            return Sse.UnpackHigh(a, b);
        return AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b) : Vector128.Create(a[2], b[2], a[3], b[3]);
    }
}
