using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tapeout.Numerics;

namespace Tapeout.Machine.Fast;

/// <summary>How eight rows' codes of a quad are taken from a block of a panel.</summary>
internal interface IPanelCode
{
    /// <summary>Bytes of 32 k of a panel.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>The codes of one quad (0 to 7) of one group of eight rows, one byte each.</summary>
    static abstract unsafe Vector256<byte> Quad(byte* block, int group, int quad);
}

internal readonly struct EightBitCode : IPanelCode
{
    public static int BlockBytes => 1024;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<byte> Quad(byte* block, int group, int quad) => Vector256.Load(block + (quad * 4 + group) * 32);
}

internal readonly struct FourBitCode : IPanelCode
{
    public static int BlockBytes => 512;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<byte> Quad(byte* block, int group, int quad)
    {
        Vector256<byte> both = Vector256.Load(block + ((quad & 3) * 4 + group) * 32);
        return (quad < 4 ? both : (both.AsUInt16() >>> 4).AsByte()) & Vector256.Create((byte)15);
    }
}

internal readonly struct TwoBitCode : IPanelCode
{
    public static int BlockBytes => 256;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<byte> Quad(byte* block, int group, int quad)
    {
        Vector256<byte> four = Vector256.Load(block + ((quad & 1) * 4 + group) * 32);
        return (four.AsUInt16() >>> (quad >> 1) * 2).AsByte() & Vector256.Create((byte)3);
    }
}

/// <summary>
/// Products of integer panels: p is the exact sum of a block, whatever the order; the float chain over blocks and leaves runs in each lane as
/// <see cref="Products"/> defines it.
/// </summary>
internal static unsafe class IntegerPanels
{
    /// <summary>Activations of one token, padded with zeros to a multiple of 32.</summary>
    /// <param name="Codes">The codes.</param>
    /// <param name="Scales">The scale of each block.</param>
    /// <param name="Sums">The sum of the codes of each block.</param>
    public readonly record struct Token(nint Codes, nint Scales, nint Sums);

    /// <summary>Results of one token for one panel, whose K are <paramref name="leafCount"/> leaves of the plan.</summary>
    public static void One<TCode>(WeightPanels weights, int panel, Token token, int leafCount, float* output)
        where TCode : IPanelCode
    {
        sbyte* x = (sbyte*)token.Codes;
        float* activationScales = (float*)token.Scales;
        int* sums = (int*)token.Sums;
        byte* codes = weights.Codes + panel * weights.PanelBytes;
        int perLeaf = weights.Rule.Plan.BlocksPerLeaf;
        int steps = weights.Rule.Block / WeightPanels.Step;
        Vector256<float>* leaves = stackalloc Vector256<float>[16 * 4];
        for (int leaf = 0; leaf < leafCount; leaf++)
        {
            Vector256<float> y0 = default;
            Vector256<float> y1 = default;
            Vector256<float> y2 = default;
            Vector256<float> y3 = default;
            int end = Math.Min(weights.Groups, (leaf + 1) * perLeaf);
            for (int block = leaf * perLeaf; block < end; block++)
            {
                Vector256<int> p0 = default;
                Vector256<int> p1 = default;
                Vector256<int> p2 = default;
                Vector256<int> p3 = default;
                int lastStep = Math.Min(steps, (weights.Columns - block * weights.Rule.Block + WeightPanels.Step - 1) / WeightPanels.Step);
                for (int step = 0; step < lastStep; step++)
                {
                    long at = (long)block * steps + step;
                    Block<TCode>(codes + at * TCode.BlockBytes, x + at * WeightPanels.Step, ref p0, ref p1, ref p2, ref p3);
                }
                long parameters = ((long)panel * weights.Groups + block) * WeightPanels.PanelRows;
                Vector256<int> sum = Vector256.Create(sums[block]);
                float scale = activationScales[block];
                Chain(weights, parameters, 0, p0, sum, scale, ref y0);
                Chain(weights, parameters, 8, p1, sum, scale, ref y1);
                Chain(weights, parameters, 16, p2, sum, scale, ref y2);
                Chain(weights, parameters, 24, p3, sum, scale, ref y3);
            }
            leaves[leaf * 4] = y0;
            leaves[leaf * 4 + 1] = y1;
            leaves[leaf * 4 + 2] = y2;
            leaves[leaf * 4 + 3] = y3;
        }
        FoldLeaves(leaves, leafCount, 4, output);
    }

    /// <summary>As <see cref="One"/>, for four tokens: each code is taken from the panel once for all.</summary>
    public static void Four<TCode>(WeightPanels weights, int panel, Token* tokens, int leafCount, float** outputs)
        where TCode : IPanelCode
    {
        byte* codes = weights.Codes + panel * weights.PanelBytes;
        int perLeaf = weights.Rule.Plan.BlocksPerLeaf;
        int steps = weights.Rule.Block / WeightPanels.Step;
        Vector256<float>* leaves = stackalloc Vector256<float>[16 * 8];
        float* folded = stackalloc float[64];
        for (int group = 0; group < 4; group += 2)
        {
            for (int leaf = 0; leaf < leafCount; leaf++)
            {
                Vector256<float> y00 = default;
                Vector256<float> y01 = default;
                Vector256<float> y10 = default;
                Vector256<float> y11 = default;
                Vector256<float> y20 = default;
                Vector256<float> y21 = default;
                Vector256<float> y30 = default;
                Vector256<float> y31 = default;
                int end = Math.Min(weights.Groups, (leaf + 1) * perLeaf);
                for (int block = leaf * perLeaf; block < end; block++)
                {
                    Sums8 p = default;
                    int lastStep = Math.Min(
                        steps,
                        (weights.Columns - block * weights.Rule.Block + WeightPanels.Step - 1) / WeightPanels.Step
                    );
                    for (int step = 0; step < lastStep; step++)
                    {
                        long at = (long)block * steps + step;
                        Block4<TCode>(codes + at * TCode.BlockBytes, group, tokens, at * WeightPanels.Step, ref p);
                    }
                    long parameters = ((long)panel * weights.Groups + block) * WeightPanels.PanelRows;
                    int row = group * 8;
                    Pair(weights, parameters, row, tokens[0], block, p.A0, p.A1, ref y00, ref y01);
                    Pair(weights, parameters, row, tokens[1], block, p.B0, p.B1, ref y10, ref y11);
                    Pair(weights, parameters, row, tokens[2], block, p.C0, p.C1, ref y20, ref y21);
                    Pair(weights, parameters, row, tokens[3], block, p.D0, p.D1, ref y30, ref y31);
                }
                Vector256<float>* to = leaves + leaf * 8;
                to[0] = y00;
                to[1] = y01;
                to[2] = y10;
                to[3] = y11;
                to[4] = y20;
                to[5] = y21;
                to[6] = y30;
                to[7] = y31;
            }
            FoldLeaves(leaves, leafCount, 8, folded);
            for (int token = 0; token < 4; token++)
            {
                Vector256.Load(folded + token * 16).Store(outputs[token] + group * 8);
                Vector256.Load(folded + token * 16 + 8).Store(outputs[token] + group * 8 + 8);
            }
        }
    }

    /// <summary>
    /// Whole sums of one token for one panel, as integers: Σ (code − offset) · x over all of K.
    /// </summary>
    public static void Whole<TCode>(WeightPanels weights, int panel, Token token, int* output)
        where TCode : IPanelCode
    {
        byte* codes = weights.Codes + panel * weights.PanelBytes;
        sbyte* x = (sbyte*)token.Codes;
        Vector256<int> p0 = default;
        Vector256<int> p1 = default;
        Vector256<int> p2 = default;
        Vector256<int> p3 = default;
        int steps = (weights.Columns + WeightPanels.Step - 1) / WeightPanels.Step;
        for (int step = 0; step < steps; step++)
            Block<TCode>(codes + (long)step * TCode.BlockBytes, x + step * WeightPanels.Step, ref p0, ref p1, ref p2, ref p3);
        Vector256<int> sum = Vector256.Create(*(int*)token.Sums);
        Offset(weights, panel, 0, p0, sum).Store(output);
        Offset(weights, panel, 8, p1, sum).Store(output + 8);
        Offset(weights, panel, 16, p2, sum).Store(output + 16);
        Offset(weights, panel, 24, p3, sum).Store(output + 24);
    }

    /// <summary>As <see cref="Whole"/>, for four tokens.</summary>
    public static void WholeFour<TCode>(WeightPanels weights, int panel, Token* tokens, int** outputs)
        where TCode : IPanelCode
    {
        byte* codes = weights.Codes + panel * weights.PanelBytes;
        int steps = (weights.Columns + WeightPanels.Step - 1) / WeightPanels.Step;
        for (int group = 0; group < 4; group += 2)
        {
            Sums8 p = default;
            for (int step = 0; step < steps; step++)
                Block4<TCode>(codes + (long)step * TCode.BlockBytes, group, tokens, (long)step * WeightPanels.Step, ref p);
            int row = group * 8;
            Store(weights, panel, row, p.A0, p.A1, tokens[0], outputs[0]);
            Store(weights, panel, row, p.B0, p.B1, tokens[1], outputs[1]);
            Store(weights, panel, row, p.C0, p.C1, tokens[2], outputs[2]);
            Store(weights, panel, row, p.D0, p.D1, tokens[3], outputs[3]);
        }
    }

    /// <summary>fl(f32(p) · fl(s_w · s_a)), and with a minimum fma(f32(Σa), fl(m · s_a), that), of one token for one panel.</summary>
    public static void Finish(WeightPanels weights, int panel, Token token, int* sums, float* output)
    {
        Vector256<float> activationScale = Vector256.Create(*(float*)token.Scales);
        Vector256<float> activationSum = Vector256.Create((float)*(int*)token.Sums);
        long parameters = (long)panel * WeightPanels.PanelRows;
        for (int row = 0; row < WeightPanels.PanelRows; row += 8)
        {
            Vector256<float> scale = Vector256.Load(weights.Scales + parameters + row) * activationScale;
            Vector256<float> y = Vector256.ConvertToSingle(Vector256.Load(sums + row)) * scale;
            if (weights.Minima is not null)
                y = Vector256.FusedMultiplyAdd(activationSum, Vector256.Load(weights.Minima + parameters + row) * activationScale, y);
            y.Store(output + row);
        }
    }

    /// <summary>acc + the products of four codes and four activations in each 32-bit lane, exactly (modulo 2³²).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Dot(Vector256<int> accumulator, Vector256<byte> codes, Vector256<sbyte> x)
    {
        if (AvxVnni.IsSupported)
            return AvxVnni.MultiplyWideningAndAdd(accumulator, codes, x);
        if (Avx2.IsSupported)
        {
            Vector256<short> even = (codes.AsUInt16() & Vector256.Create((ushort)0xFF)).AsInt16();
            Vector256<short> odd = (codes.AsUInt16() >>> 8).AsInt16();
            Vector256<short> xEven = (x.AsInt16() << 8) >> 8;
            Vector256<short> xOdd = x.AsInt16() >> 8;
            return accumulator + (Avx2.MultiplyAddAdjacent(even, xEven) + Avx2.MultiplyAddAdjacent(odd, xOdd));
        }
        Vector256<int> c = codes.AsInt32();
        Vector256<int> v = x.AsInt32();
        Vector256<int> low = Vector256.Create(0xFF);
        Vector256<int> first = (c & low) * ((v << 24) >> 24) + ((c >>> 8) & low) * ((v << 16) >> 24);
        return accumulator + (first + (((c >>> 16) & low) * ((v << 8) >> 24) + (c >>> 24) * (v >> 24)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block<TCode>(
        byte* block,
        sbyte* x,
        ref Vector256<int> p0,
        ref Vector256<int> p1,
        ref Vector256<int> p2,
        ref Vector256<int> p3
    )
        where TCode : IPanelCode
    {
        Quad<TCode>(block, x, 0, ref p0, ref p1, ref p2, ref p3);
        Quad<TCode>(block, x, 1, ref p0, ref p1, ref p2, ref p3);
        Quad<TCode>(block, x, 2, ref p0, ref p1, ref p2, ref p3);
        Quad<TCode>(block, x, 3, ref p0, ref p1, ref p2, ref p3);
        Quad<TCode>(block, x, 4, ref p0, ref p1, ref p2, ref p3);
        Quad<TCode>(block, x, 5, ref p0, ref p1, ref p2, ref p3);
        Quad<TCode>(block, x, 6, ref p0, ref p1, ref p2, ref p3);
        Quad<TCode>(block, x, 7, ref p0, ref p1, ref p2, ref p3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quad<TCode>(
        byte* block,
        sbyte* x,
        int quad,
        ref Vector256<int> p0,
        ref Vector256<int> p1,
        ref Vector256<int> p2,
        ref Vector256<int> p3
    )
        where TCode : IPanelCode
    {
        Vector256<sbyte> four = Vector256.Create(((int*)x)[quad]).AsSByte();
        p0 = Dot(p0, TCode.Quad(block, 0, quad), four);
        p1 = Dot(p1, TCode.Quad(block, 1, quad), four);
        p2 = Dot(p2, TCode.Quad(block, 2, quad), four);
        p3 = Dot(p3, TCode.Quad(block, 3, quad), four);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block4<TCode>(byte* block, int group, Token* tokens, long k, ref Sums8 p)
        where TCode : IPanelCode
    {
        int* a = (int*)((sbyte*)tokens[0].Codes + k);
        int* b = (int*)((sbyte*)tokens[1].Codes + k);
        int* c = (int*)((sbyte*)tokens[2].Codes + k);
        int* d = (int*)((sbyte*)tokens[3].Codes + k);
        Vector256<int> a0 = p.A0;
        Vector256<int> a1 = p.A1;
        Vector256<int> b0 = p.B0;
        Vector256<int> b1 = p.B1;
        Vector256<int> c0 = p.C0;
        Vector256<int> c1 = p.C1;
        Vector256<int> d0 = p.D0;
        Vector256<int> d1 = p.D1;
        for (int quad = 0; quad < 8; quad++)
        {
            Vector256<byte> w0 = TCode.Quad(block, group, quad);
            Vector256<byte> w1 = TCode.Quad(block, group + 1, quad);
            Vector256<sbyte> x = Vector256.Create(a[quad]).AsSByte();
            a0 = Dot(a0, w0, x);
            a1 = Dot(a1, w1, x);
            x = Vector256.Create(b[quad]).AsSByte();
            b0 = Dot(b0, w0, x);
            b1 = Dot(b1, w1, x);
            x = Vector256.Create(c[quad]).AsSByte();
            c0 = Dot(c0, w0, x);
            c1 = Dot(c1, w1, x);
            x = Vector256.Create(d[quad]).AsSByte();
            d0 = Dot(d0, w0, x);
            d1 = Dot(d1, w1, x);
        }
        p.A0 = a0;
        p.A1 = a1;
        p.B0 = b0;
        p.B1 = b1;
        p.C0 = c0;
        p.C1 = c1;
        p.D0 = d0;
        p.D1 = d1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair(
        WeightPanels weights,
        long parameters,
        int row,
        Token token,
        int block,
        Vector256<int> p0,
        Vector256<int> p1,
        ref Vector256<float> y0,
        ref Vector256<float> y1
    )
    {
        Vector256<int> sum = Vector256.Create(((int*)token.Sums)[block]);
        float scale = ((float*)token.Scales)[block];
        Chain(weights, parameters, row, p0, sum, scale, ref y0);
        Chain(weights, parameters, row + 8, p1, sum, scale, ref y1);
    }

    /// <summary>acc = fma(f32(p), fl(s_w · s_a), acc); with a minimum then acc = fma(f32(Σa), fl(m · s_a), acc).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Chain(
        WeightPanels weights,
        long parameters,
        int row,
        Vector256<int> p,
        Vector256<int> sum,
        float activationScale,
        ref Vector256<float> accumulator
    )
    {
        Vector256<float> scale = Vector256.Create(activationScale);
        if (weights.Zeros is not null)
            p -= Vector256.Load(weights.Zeros + parameters + row) * sum;
        else if (weights.Minima is null)
            p -= Vector256.Create(weights.CodeOffset) * sum;
        accumulator = Vector256.FusedMultiplyAdd(
            Vector256.ConvertToSingle(p),
            Vector256.Load(weights.Scales + parameters + row) * scale,
            accumulator
        );
        if (weights.Minima is not null)
        {
            accumulator = Vector256.FusedMultiplyAdd(
                Vector256.ConvertToSingle(sum),
                Vector256.Load(weights.Minima + parameters + row) * scale,
                accumulator
            );
        }
    }

    private static Vector256<int> Offset(WeightPanels weights, int panel, int row, Vector256<int> p, Vector256<int> sum) =>
        weights.Zeros is not null
            ? p - Vector256.Load(weights.Zeros + (long)panel * WeightPanels.PanelRows + row) * sum
            : p - Vector256.Create(weights.CodeOffset) * sum;

    private static void Store(WeightPanels weights, int panel, int row, Vector256<int> p0, Vector256<int> p1, Token token, int* output)
    {
        Vector256<int> sum = Vector256.Create(*(int*)token.Sums);
        Offset(weights, panel, row, p0, sum).Store(output + row);
        Offset(weights, panel, row + 8, p1, sum).Store(output + row + 8);
    }

    /// <summary>The tree over leaves, in each lane: node = left + right.</summary>
    internal static void FoldLeaves(Vector256<float>* leaves, int count, int width, float* output)
    {
        for (int half = count / 2; half > 0; half /= 2)
        {
            for (int node = 0; node < half; node++)
            {
                for (int i = 0; i < width; i++)
                    leaves[node * width + i] = leaves[2 * node * width + i] + leaves[(2 * node + 1) * width + i];
            }
        }
        for (int i = 0; i < width; i++)
            leaves[i].Store(output + 8 * i);
    }

    /// <summary>Integer sums of four tokens (A to D) for two groups of eight rows.</summary>
    private struct Sums8
    {
        public Vector256<int> A0;
        public Vector256<int> A1;
        public Vector256<int> B0;
        public Vector256<int> B1;
        public Vector256<int> C0;
        public Vector256<int> C1;
        public Vector256<int> D0;
        public Vector256<int> D1;
    }
}
