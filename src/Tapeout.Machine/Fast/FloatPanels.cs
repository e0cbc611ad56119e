using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tapeout.Machine.Fast;

/// <summary>How eight rows' weights of one k are taken from a panel.</summary>
internal interface IPanelFloat
{
    /// <summary>Bytes of one weight.</summary>
    static abstract int Bytes { get; }

    /// <summary>Eight rows at one place.</summary>
    static abstract unsafe Vector256<float> Load(byte* at);
}

internal readonly struct SingleWeight : IPanelFloat
{
    public static int Bytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<float> Load(byte* at) => Vector256.Load((float*)at);
}

internal readonly struct BrainWeight : IPanelFloat
{
    public static int Bytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<float> Load(byte* at) =>
        (Vector256.WidenLower(Vector128.Load((ushort*)at).ToVector256Unsafe()) << 16).AsSingle();
}

internal readonly struct HalfWeight : IPanelFloat
{
    public static int Bytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<float> Load(byte* at) => HalfVector.ToSingle(Vector128.Load((ushort*)at));
}

/// <summary>Binary16 to binary32, eight at a time.</summary>
internal static class HalfVector
{
    /// <summary>
    /// Exact for finite values: exponent and fraction move to their places, and a multiplication by 2¹¹² mends the exponent, subnormals too.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToSingle(Vector128<ushort> halves)
    {
        Vector256<uint> wide = Vector256.WidenLower(halves.ToVector256Unsafe());
        Vector256<float> magnitude =
            ((wide & Vector256.Create(0x7FFFu)) << 13).AsSingle() * Vector256.Create(BitConverter.UInt32BitsToSingle(0x77800000));
        return (magnitude.AsUInt32() | ((wide & Vector256.Create(0x8000u)) << 16)).AsSingle();
    }
}

/// <summary>Products of float panels: acc = fma(w, x, acc) for each k of a leaf in order, in each lane; then the tree over leaves.</summary>
internal static unsafe class FloatPanels
{
    /// <summary>Results of one token for one panel.</summary>
    public static void One<TWeight>(WeightPanels weights, int panel, float* x, int leafCount, float* output)
        where TWeight : IPanelFloat
    {
        int perLeaf = weights.Rule.Plan.BlocksPerLeaf * weights.Rule.Plan.Block;
        int stride = WeightPanels.PanelRows * TWeight.Bytes;
        Vector256<float>* leaves = stackalloc Vector256<float>[16 * 4];
        for (int leaf = 0; leaf < leafCount; leaf++)
        {
            Vector256<float> y0 = default;
            Vector256<float> y1 = default;
            Vector256<float> y2 = default;
            Vector256<float> y3 = default;
            int k = leaf * perLeaf;
            int end = Math.Min((leaf + 1) * perLeaf, weights.Columns);
            byte* w = weights.Codes + panel * weights.PanelBytes + (long)k * stride;
            for (; k < end; k++, w += stride)
            {
                Vector256<float> value = Vector256.Create(x[k]);
                y0 = Vector256.FusedMultiplyAdd(TWeight.Load(w), value, y0);
                y1 = Vector256.FusedMultiplyAdd(TWeight.Load(w + 8 * TWeight.Bytes), value, y1);
                y2 = Vector256.FusedMultiplyAdd(TWeight.Load(w + 16 * TWeight.Bytes), value, y2);
                y3 = Vector256.FusedMultiplyAdd(TWeight.Load(w + 24 * TWeight.Bytes), value, y3);
            }
            leaves[leaf * 4] = y0;
            leaves[leaf * 4 + 1] = y1;
            leaves[leaf * 4 + 2] = y2;
            leaves[leaf * 4 + 3] = y3;
        }
        IntegerPanels.FoldLeaves(leaves, leafCount, 4, output);
    }

    /// <summary>As <see cref="One"/>, for four tokens: each weight is loaded once for all.</summary>
    public static void Four<TWeight>(WeightPanels weights, int panel, float** xs, int leafCount, float** outputs)
        where TWeight : IPanelFloat
    {
        int perLeaf = weights.Rule.Plan.BlocksPerLeaf * weights.Rule.Plan.Block;
        int stride = WeightPanels.PanelRows * TWeight.Bytes;
        Vector256<float>* leaves = stackalloc Vector256<float>[16 * 8];
        float* folded = stackalloc float[64];
        float* a = xs[0];
        float* b = xs[1];
        float* c = xs[2];
        float* d = xs[3];
        for (int group = 0; group < 4; group += 2)
        {
            for (int leaf = 0; leaf < leafCount; leaf++)
            {
                Vector256<float> a0 = default;
                Vector256<float> a1 = default;
                Vector256<float> b0 = default;
                Vector256<float> b1 = default;
                Vector256<float> c0 = default;
                Vector256<float> c1 = default;
                Vector256<float> d0 = default;
                Vector256<float> d1 = default;
                int k = leaf * perLeaf;
                int end = Math.Min((leaf + 1) * perLeaf, weights.Columns);
                byte* w = weights.Codes + panel * weights.PanelBytes + (long)k * stride + group * 8 * TWeight.Bytes;
                for (; k < end; k++, w += stride)
                {
                    Vector256<float> w0 = TWeight.Load(w);
                    Vector256<float> w1 = TWeight.Load(w + 8 * TWeight.Bytes);
                    Vector256<float> x = Vector256.Create(a[k]);
                    a0 = Vector256.FusedMultiplyAdd(w0, x, a0);
                    a1 = Vector256.FusedMultiplyAdd(w1, x, a1);
                    x = Vector256.Create(b[k]);
                    b0 = Vector256.FusedMultiplyAdd(w0, x, b0);
                    b1 = Vector256.FusedMultiplyAdd(w1, x, b1);
                    x = Vector256.Create(c[k]);
                    c0 = Vector256.FusedMultiplyAdd(w0, x, c0);
                    c1 = Vector256.FusedMultiplyAdd(w1, x, c1);
                    x = Vector256.Create(d[k]);
                    d0 = Vector256.FusedMultiplyAdd(w0, x, d0);
                    d1 = Vector256.FusedMultiplyAdd(w1, x, d1);
                }
                Vector256<float>* to = leaves + leaf * 8;
                to[0] = a0;
                to[1] = a1;
                to[2] = b0;
                to[3] = b1;
                to[4] = c0;
                to[5] = c1;
                to[6] = d0;
                to[7] = d1;
            }
            IntegerPanels.FoldLeaves(leaves, leafCount, 8, folded);
            for (int token = 0; token < 4; token++)
            {
                Vector256.Load(folded + token * 16).Store(outputs[token] + group * 8);
                Vector256.Load(folded + token * 16 + 8).Store(outputs[token] + group * 8 + 8);
            }
        }
    }
}
