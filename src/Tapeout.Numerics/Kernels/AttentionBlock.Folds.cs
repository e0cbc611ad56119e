using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Tapeout.Numerics.Kernels;

/// <content>The sums over a block, from float32 or from numbers of 16 bits that are widened as they are loaded.</content>
public sealed unsafe partial class AttentionBlock
{
    private void Attend<TElement>(float* queries, int count, int from, int to, float scale, float softcap, float* nodes, nint stride)
        where TElement : struct, IParameters
    {
        float* scores = stackalloc float[FourQueries * Positions + Width];
        scores = (float*)(((nint)scores + 63) & ~63);
        // Absent queries are the last one again, their results go nowhere.
        nint second = count > 1 ? HeadDimension : 0;
        nint third = count > 2 ? second + HeadDimension : second;
        nint fourth = count > 3 ? third + HeadDimension : third;
        Score<TElement>(queries, queries + second, queries + third, queries + fourth, scores);
        for (int query = 0; query < count; query++)
        {
            float* node = nodes + query * stride;
            node[_padded + 1] = Weigh(scores + query * Positions, from, to, scale, softcap, out node[_padded]);
        }
        Gather<TElement>(
            scores,
            from,
            to,
            nodes,
            count > 1 ? nodes + stride : _unused,
            count > 2 ? nodes + 2 * stride : _unused,
            count > 3 ? nodes + 3 * stride : _unused
        );
    }

    /// <summary>q · k of all 64 positions: each leaf of the plan from +0, the leaves by its tree. A lane owns a position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Score<TElement>(float* qa, float* qb, float* qc, float* qd, float* scores)
        where TElement : struct, IParameters
    {
        unchecked
        {
            const int Chains = 2 * FourQueries;
            int leaves = _plan.Leaves;
            Vector512<float>* nodes = stackalloc Vector512<float>[4 * Chains];
            for (int half = 0; half < Positions; half += 2 * Width)
            {
                // Two vectors of positions times four queries: eight chains hide each other's latency.
                for (int leaf = 0; leaf < leaves; leaf++)
                {
                    Vector512<float> a0 = default;
                    Vector512<float> a1 = default;
                    Vector512<float> b0 = default;
                    Vector512<float> b1 = default;
                    Vector512<float> c0 = default;
                    Vector512<float> c1 = default;
                    Vector512<float> d0 = default;
                    Vector512<float> d1 = default;
                    int end = _plan.LeafStart(leaf + 1);
                    byte* key = (byte*)_keys + ((nint)_plan.LeafStart(leaf) * Positions + half) * TElement.Bytes;
                    for (nint k = _plan.LeafStart(leaf); k < end; k++, key += Positions * TElement.Bytes)
                    {
                        Vector512<float> k0 = TElement.LoadSixteen(key);
                        Vector512<float> k1 = TElement.LoadSixteen(key + Width * TElement.Bytes);
                        Vector512<float> a = Vector512.Create(qa[k]);
                        Vector512<float> b = Vector512.Create(qb[k]);
                        Vector512<float> c = Vector512.Create(qc[k]);
                        Vector512<float> d = Vector512.Create(qd[k]);
                        a0 = Vector512.FusedMultiplyAdd(k0, a, a0);
                        a1 = Vector512.FusedMultiplyAdd(k1, a, a1);
                        b0 = Vector512.FusedMultiplyAdd(k0, b, b0);
                        b1 = Vector512.FusedMultiplyAdd(k1, b, b1);
                        c0 = Vector512.FusedMultiplyAdd(k0, c, c0);
                        c1 = Vector512.FusedMultiplyAdd(k1, c, c1);
                        d0 = Vector512.FusedMultiplyAdd(k0, d, d0);
                        d1 = Vector512.FusedMultiplyAdd(k1, d, d1);
                    }
                    Vector512<float>* node = nodes + leaf * Chains;
                    node[0] = a0;
                    node[1] = a1;
                    node[2] = b0;
                    node[3] = b1;
                    node[4] = c0;
                    node[5] = c1;
                    node[6] = d0;
                    node[7] = d1;
                }
                for (int count = leaves / 2; count > 0; count /= 2)
                {
                    for (int i = 0; i < count * Chains; i++)
                        nodes[i] = nodes[i / Chains * 2 * Chains + i % Chains] + nodes[i / Chains * 2 * Chains + Chains + i % Chains];
                }
                for (int i = 0; i < Chains; i++)
                    nodes[i].Store(scores + i / 2 * Positions + half + i % 2 * Width);
            }
        }
    }

    /// <summary>Σ weight · value over the positions in rising order, from +0. A lane owns an element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather<TElement>(float* weights, int from, int to, float* nodeA, float* nodeB, float* nodeC, float* nodeD)
        where TElement : struct, IParameters
    {
        unchecked
        {
            nint row = (nint)_padded * TElement.Bytes;
            byte* values = _valueRows + from * row;
            int j = 0;
            for (; j + 2 * Width <= _padded; j += 2 * Width)
            {
                Vector512<float> a0 = default;
                Vector512<float> a1 = default;
                Vector512<float> b0 = default;
                Vector512<float> b1 = default;
                Vector512<float> c0 = default;
                Vector512<float> c1 = default;
                Vector512<float> d0 = default;
                Vector512<float> d1 = default;
                byte* value = values + j * TElement.Bytes;
                for (nint p = from; p <= to; p++, value += row)
                {
                    Vector512<float> v0 = TElement.LoadSixteen(value);
                    Vector512<float> v1 = TElement.LoadSixteen(value + Width * TElement.Bytes);
                    Vector512<float> a = Vector512.Create(weights[p]);
                    Vector512<float> b = Vector512.Create(weights[p + Positions]);
                    Vector512<float> c = Vector512.Create(weights[p + 2 * Positions]);
                    Vector512<float> d = Vector512.Create(weights[p + 3 * Positions]);
                    a0 = Vector512.FusedMultiplyAdd(a, v0, a0);
                    a1 = Vector512.FusedMultiplyAdd(a, v1, a1);
                    b0 = Vector512.FusedMultiplyAdd(b, v0, b0);
                    b1 = Vector512.FusedMultiplyAdd(b, v1, b1);
                    c0 = Vector512.FusedMultiplyAdd(c, v0, c0);
                    c1 = Vector512.FusedMultiplyAdd(c, v1, c1);
                    d0 = Vector512.FusedMultiplyAdd(d, v0, d0);
                    d1 = Vector512.FusedMultiplyAdd(d, v1, d1);
                }
                a0.Store(nodeA + j);
                a1.Store(nodeA + j + Width);
                b0.Store(nodeB + j);
                b1.Store(nodeB + j + Width);
                c0.Store(nodeC + j);
                c1.Store(nodeC + j + Width);
                d0.Store(nodeD + j);
                d1.Store(nodeD + j + Width);
            }
            for (; j < _padded; j += Width)
            {
                Vector512<float> a = default;
                Vector512<float> b = default;
                Vector512<float> c = default;
                Vector512<float> d = default;
                byte* value = values + j * TElement.Bytes;
                for (nint p = from; p <= to; p++, value += row)
                {
                    Vector512<float> v = TElement.LoadSixteen(value);
                    a = Vector512.FusedMultiplyAdd(Vector512.Create(weights[p]), v, a);
                    b = Vector512.FusedMultiplyAdd(Vector512.Create(weights[p + Positions]), v, b);
                    c = Vector512.FusedMultiplyAdd(Vector512.Create(weights[p + 2 * Positions]), v, c);
                    d = Vector512.FusedMultiplyAdd(Vector512.Create(weights[p + 3 * Positions]), v, d);
                }
                a.Store(nodeA + j);
                b.Store(nodeB + j);
                c.Store(nodeC + j);
                d.Store(nodeD + j);
            }
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
