using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tapeout.Numerics.Kernels;

/// <content>Integer products of four tokens: each unit of weights is loaded and taken apart once for all of them.</content>
public sealed unsafe partial class InterleavedWeights
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourTokens<TCodes, TScale>(
        in GroupPlanes planes,
        in BlockShape shape,
        ActivationPanel panel,
        int token,
        float* results
    )
        where TCodes : struct, IUnitCodes
        where TScale : struct, IParameters
    {
        unchecked
        {
            const int Stride = 4 * GroupRows;
            float* leaves = stackalloc float[16 * Stride];
            nint blocks = shape.Blocks;
            int* sums = panel.Sums + token * blocks;
            float* scales = panel.Scales + token * blocks;
            nint stride = panel.Stride;
            sbyte* codes = panel.Codes + token * stride;
            nint blockCodes = (nint)shape.UnitsOfBlock * TCodes.Quads * 4;
            for (int leaf = 0; leaf < shape.LeafCount; leaf++)
            {
                int first = (shape.LeafFirst + leaf) * shape.BlocksPerLeaf;
                Vector256<float> r0A = Vector256<float>.Zero;
                Vector256<float> r0B = r0A;
                Vector256<float> r1A = r0A;
                Vector256<float> r1B = r0A;
                Vector256<float> r2A = r0A;
                Vector256<float> r2B = r0A;
                Vector256<float> r3A = r0A;
                Vector256<float> r3B = r0A;
                byte* w = planes.Codes + (nint)first * shape.UnitsOfBlock * 64;
                sbyte* x = codes + first * blockCodes;
                for (int block = first; block < first + shape.BlocksPerLeaf; block++)
                {
                    int parameter = (block >> shape.ParameterShift) * GroupRows;
                    int* sum = sums + block;
                    Vector256<int> a0 = Vector256.Create(sum[0] * shape.NegativeBias);
                    Vector256<int> a1 = Vector256.Create(sum[blocks] * shape.NegativeBias);
                    Vector256<int> a2 = Vector256.Create(sum[2 * blocks] * shape.NegativeBias);
                    Vector256<int> a3 = Vector256.Create(sum[3 * blocks] * shape.NegativeBias);
                    Vector256<int> b0 = a0;
                    Vector256<int> b1 = a1;
                    Vector256<int> b2 = a2;
                    Vector256<int> b3 = a3;
                    if (planes.Zeros != null)
                    {
                        Vector256<int> zeroA = CodeKernels.Widen(planes.Zeros + parameter);
                        Vector256<int> zeroB = CodeKernels.Widen(planes.Zeros + parameter + 8);
                        a0 -= zeroA * sum[0];
                        b0 -= zeroB * sum[0];
                        a1 -= zeroA * sum[blocks];
                        b1 -= zeroB * sum[blocks];
                        a2 -= zeroA * sum[2 * blocks];
                        b2 -= zeroB * sum[2 * blocks];
                        a3 -= zeroA * sum[3 * blocks];
                        b3 -= zeroB * sum[3 * blocks];
                    }
                    int units = block == blocks - 1 ? shape.UnitsOfLast : shape.UnitsOfBlock;
                    for (int unit = 0; unit < units; unit++)
                    {
                        Vector256<byte> low = Vector256.Load(w);
                        Vector256<byte> high = Vector256.Load(w + 32);
                        Quad<TCodes>(
                            TCodes.Quad(low, 0),
                            TCodes.Quad(high, 0),
                            x,
                            stride,
                            ref a0,
                            ref b0,
                            ref a1,
                            ref b1,
                            ref a2,
                            ref b2,
                            ref a3,
                            ref b3
                        );
                        if (TCodes.Quads >= 2)
                            Quad<TCodes>(
                                TCodes.Quad(low, 1),
                                TCodes.Quad(high, 1),
                                x + 4,
                                stride,
                                ref a0,
                                ref b0,
                                ref a1,
                                ref b1,
                                ref a2,
                                ref b2,
                                ref a3,
                                ref b3
                            );
                        if (TCodes.Quads == 4)
                        {
                            Quad<TCodes>(
                                TCodes.Quad(low, 2),
                                TCodes.Quad(high, 2),
                                x + 8,
                                stride,
                                ref a0,
                                ref b0,
                                ref a1,
                                ref b1,
                                ref a2,
                                ref b2,
                                ref a3,
                                ref b3
                            );
                            Quad<TCodes>(
                                TCodes.Quad(low, 3),
                                TCodes.Quad(high, 3),
                                x + 12,
                                stride,
                                ref a0,
                                ref b0,
                                ref a1,
                                ref b1,
                                ref a2,
                                ref b2,
                                ref a3,
                                ref b3
                            );
                        }
                        w += 64;
                        x += TCodes.Quads * 4;
                    }
                    byte* scale = planes.Scales + parameter * TScale.Bytes;
                    Vector256<float> scaleA = TScale.Load(scale);
                    Vector256<float> scaleB = TScale.Load(scale + 8 * TScale.Bytes);
                    float* activation = scales + block;
                    if (shape.IsWhole)
                    {
                        r0A = Vector256.ConvertToSingle(a0) * (scaleA * activation[0]);
                        r0B = Vector256.ConvertToSingle(b0) * (scaleB * activation[0]);
                        r1A = Vector256.ConvertToSingle(a1) * (scaleA * activation[blocks]);
                        r1B = Vector256.ConvertToSingle(b1) * (scaleB * activation[blocks]);
                        r2A = Vector256.ConvertToSingle(a2) * (scaleA * activation[2 * blocks]);
                        r2B = Vector256.ConvertToSingle(b2) * (scaleB * activation[2 * blocks]);
                        r3A = Vector256.ConvertToSingle(a3) * (scaleA * activation[3 * blocks]);
                        r3B = Vector256.ConvertToSingle(b3) * (scaleB * activation[3 * blocks]);
                    }
                    else
                    {
                        r0A = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(a0), scaleA * activation[0], r0A);
                        r0B = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(b0), scaleB * activation[0], r0B);
                        r1A = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(a1), scaleA * activation[blocks], r1A);
                        r1B = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(b1), scaleB * activation[blocks], r1B);
                        r2A = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(a2), scaleA * activation[2 * blocks], r2A);
                        r2B = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(b2), scaleB * activation[2 * blocks], r2B);
                        r3A = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(a3), scaleA * activation[3 * blocks], r3A);
                        r3B = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(b3), scaleB * activation[3 * blocks], r3B);
                    }
                    if (planes.Minima == null)
                        continue;
                    byte* minimum = planes.Minima + parameter * TScale.Bytes;
                    Vector256<float> minimumA = TScale.Load(minimum);
                    Vector256<float> minimumB = TScale.Load(minimum + 8 * TScale.Bytes);
                    AddMinimum(sum[0], minimumA, minimumB, activation[0], ref r0A, ref r0B);
                    AddMinimum(sum[blocks], minimumA, minimumB, activation[blocks], ref r1A, ref r1B);
                    AddMinimum(sum[2 * blocks], minimumA, minimumB, activation[2 * blocks], ref r2A, ref r2B);
                    AddMinimum(sum[3 * blocks], minimumA, minimumB, activation[3 * blocks], ref r3A, ref r3B);
                }
                float* target = leaves + leaf * Stride;
                r0A.Store(target);
                r0B.Store(target + 8);
                r1A.Store(target + 16);
                r1B.Store(target + 24);
                r2A.Store(target + 32);
                r2B.Store(target + 40);
                r3A.Store(target + 48);
                r3B.Store(target + 56);
            }
            for (int t = 0; t < 4; t++)
                FoldTree(leaves + t * GroupRows, Stride, shape.LeafCount, results + t * GroupRows);
        }
    }

    /// <summary>One quad of k of 16 rows times four tokens: eight independent sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quad<TCodes>(
        Vector256<byte> low,
        Vector256<byte> high,
        sbyte* x,
        nint stride,
        ref Vector256<int> a0,
        ref Vector256<int> b0,
        ref Vector256<int> a1,
        ref Vector256<int> b1,
        ref Vector256<int> a2,
        ref Vector256<int> b2,
        ref Vector256<int> a3,
        ref Vector256<int> b3
    )
        where TCodes : struct, IUnitCodes
    {
        Vector256<sbyte> four = CodeKernels.Broadcast(x);
        a0 = CodeKernels.DotAdd<TCodes>(a0, low, four);
        b0 = CodeKernels.DotAdd<TCodes>(b0, high, four);
        four = CodeKernels.Broadcast(x + stride);
        a1 = CodeKernels.DotAdd<TCodes>(a1, low, four);
        b1 = CodeKernels.DotAdd<TCodes>(b1, high, four);
        four = CodeKernels.Broadcast(x + 2 * stride);
        a2 = CodeKernels.DotAdd<TCodes>(a2, low, four);
        b2 = CodeKernels.DotAdd<TCodes>(b2, high, four);
        four = CodeKernels.Broadcast(x + 3 * stride);
        a3 = CodeKernels.DotAdd<TCodes>(a3, low, four);
        b3 = CodeKernels.DotAdd<TCodes>(b3, high, four);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddMinimum(
        int sum,
        Vector256<float> minimumA,
        Vector256<float> minimumB,
        float activation,
        ref Vector256<float> a,
        ref Vector256<float> b
    )
    {
        Vector256<float> all = Vector256.Create((float)sum);
        a = Vector256.FusedMultiplyAdd(all, minimumA * activation, a);
        b = Vector256.FusedMultiplyAdd(all, minimumB * activation, b);
    }
}
