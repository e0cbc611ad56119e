using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tapeout.Numerics.Kernels;

/// <content>Integer products: one token at a time for decode, four for prefill.</content>
public sealed unsafe partial class InterleavedWeights
{
    private void MultiplyIntegers(
        ActivationPanel panel,
        int groupFirst,
        int groupCount,
        float* output,
        nint outputStride,
        int leafFirst,
        int leafCount
    )
    {
        switch (_element)
        {
            case ElementType.I8:
                MultiplyCodes<ByteCodes>(panel, groupFirst, groupCount, output, outputStride, leafFirst, leafCount);
                break;
            case ElementType.I4:
            case ElementType.U4:
                MultiplyCodes<NibbleCodes>(panel, groupFirst, groupCount, output, outputStride, leafFirst, leafCount);
                break;
            default:
                MultiplyCodes<PairCodes>(panel, groupFirst, groupCount, output, outputStride, leafFirst, leafCount);
                break;
        }
    }

    private void MultiplyCodes<TCodes>(
        ActivationPanel panel,
        int groupFirst,
        int groupCount,
        float* output,
        nint outputStride,
        int leafFirst,
        int leafCount
    )
        where TCodes : struct, IUnitCodes
    {
        switch (_scaleType)
        {
            case ElementType.F32:
                MultiplyGroups<TCodes, SingleParameters>(panel, groupFirst, groupCount, output, outputStride, leafFirst, leafCount);
                break;
            case ElementType.F16:
                MultiplyGroups<TCodes, HalfParameters>(panel, groupFirst, groupCount, output, outputStride, leafFirst, leafCount);
                break;
            default:
                MultiplyGroups<TCodes, BrainParameters>(panel, groupFirst, groupCount, output, outputStride, leafFirst, leafCount);
                break;
        }
    }

    private void MultiplyGroups<TCodes, TScale>(
        ActivationPanel panel,
        int groupFirst,
        int groupCount,
        float* output,
        nint outputStride,
        int leafFirst,
        int leafCount
    )
        where TCodes : struct, IUnitCodes
        where TScale : struct, IParameters
    {
        unchecked
        {
            BlockShape shape = Shape(leafFirst, leafCount);
            float* results = stackalloc float[4 * GroupRows];
            for (int group = groupFirst; group < groupFirst + groupCount; group++)
            {
                nint parameters = (nint)group * _parameterGroups * GroupRows;
                GroupPlanes planes = new(
                    _codes + group * _groupBytes,
                    _scales + parameters * TScale.Bytes,
                    _minima == null ? null : _minima + parameters * TScale.Bytes,
                    _zeros == null ? null : _zeros + parameters
                );
                int rows = Math.Min(GroupRows, Rows - group * GroupRows);
                int token = 0;
                for (; token + 4 <= panel.Tokens; token += 4)
                {
                    FourTokens<TCodes, TScale>(planes, shape, panel, token, results);
                    for (int t = 0; t < 4; t++)
                        Store(results + t * GroupRows, rows, output + (token + t) * outputStride + group * GroupRows);
                }
                for (; token < panel.Tokens; token++)
                {
                    OneToken<TCodes, TScale>(planes, shape, panel, token, results);
                    Store(results, rows, output + token * outputStride + group * GroupRows);
                }
            }
        }
    }

    private BlockShape Shape(int leafFirst, int leafCount)
    {
        ReductionPlan plan = Rule.Plan;
        int group = Rule.Weight.GroupSize;
        // A row's one scale serves all blocks.
        int shift = group == 0 ? 31 : int.Log2(Math.Max(1, group / plan.Block));
        int unitsOfAll = (Rule.Length + _unit - 1) / _unit;
        int unitsOfBlock = plan.Blocks == 1 ? unitsOfAll : plan.Block / _unit;
        return new(
            leafFirst,
            leafCount,
            plan.BlocksPerLeaf,
            plan.Blocks,
            unitsOfBlock,
            unitsOfAll - (plan.Blocks - 1) * unitsOfBlock,
            shift,
            -_bias,
            Rule.Kind == ProductKind.IntegerWhole
        );
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* results, int rows, float* target)
    {
        if (rows == GroupRows)
        {
            Vector512.Load(results).Store(target);
            return;
        }
        for (int i = 0; i < rows; i++)
            target[i] = results[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneToken<TCodes, TScale>(
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
            float* leaves = stackalloc float[16 * GroupRows];
            int blocks = shape.Blocks;
            int* sums = panel.Sums + (nint)token * blocks;
            float* scales = panel.Scales + (nint)token * blocks;
            sbyte* codes = panel.Codes + (nint)token * panel.Stride;
            nint blockCodes = (nint)shape.UnitsOfBlock * TCodes.Quads * 4;
            for (int leaf = 0; leaf < shape.LeafCount; leaf++)
            {
                int first = (shape.LeafFirst + leaf) * shape.BlocksPerLeaf;
                Vector256<float> resultA = Vector256<float>.Zero;
                Vector256<float> resultB = Vector256<float>.Zero;
                byte* w = planes.Codes + (nint)first * shape.UnitsOfBlock * 64;
                sbyte* x = codes + first * blockCodes;
                for (int block = first; block < first + shape.BlocksPerLeaf; block++)
                {
                    int parameter = (block >> shape.ParameterShift) * GroupRows;
                    Vector256<int> a = Vector256.Create(sums[block] * shape.NegativeBias);
                    Vector256<int> b = a;
                    if (planes.Zeros != null)
                    {
                        Vector256<int> sum = Vector256.Create(sums[block]);
                        a -= CodeKernels.Widen(planes.Zeros + parameter) * sum;
                        b -= CodeKernels.Widen(planes.Zeros + parameter + 8) * sum;
                    }
                    Vector256<int> a2 = Vector256<int>.Zero;
                    Vector256<int> b2 = Vector256<int>.Zero;
                    int units = block == blocks - 1 ? shape.UnitsOfLast : shape.UnitsOfBlock;
                    int unit = 0;
                    for (; unit + 2 <= units; unit += 2)
                    {
                        Unit<TCodes>(w, x, ref a, ref b);
                        Unit<TCodes>(w + 64, x + TCodes.Quads * 4, ref a2, ref b2);
                        w += 128;
                        x += TCodes.Quads * 8;
                    }
                    if (unit < units)
                    {
                        Unit<TCodes>(w, x, ref a, ref b);
                        w += 64;
                        x += TCodes.Quads * 4;
                    }
                    byte* scale = planes.Scales + parameter * TScale.Bytes;
                    Vector256<float> activation = Vector256.Create(scales[block]);
                    Vector256<float> sumA = Vector256.ConvertToSingle(a + a2);
                    Vector256<float> sumB = Vector256.ConvertToSingle(b + b2);
                    Vector256<float> scaleA = TScale.Load(scale) * activation;
                    Vector256<float> scaleB = TScale.Load(scale + 8 * TScale.Bytes) * activation;
                    if (shape.IsWhole)
                    {
                        resultA = sumA * scaleA;
                        resultB = sumB * scaleB;
                    }
                    else
                    {
                        resultA = Vector256.FusedMultiplyAdd(sumA, scaleA, resultA);
                        resultB = Vector256.FusedMultiplyAdd(sumB, scaleB, resultB);
                    }
                    if (planes.Minima != null)
                    {
                        byte* minimum = planes.Minima + parameter * TScale.Bytes;
                        Vector256<float> sum = Vector256.Create((float)sums[block]);
                        resultA = Vector256.FusedMultiplyAdd(sum, TScale.Load(minimum) * activation, resultA);
                        resultB = Vector256.FusedMultiplyAdd(sum, TScale.Load(minimum + 8 * TScale.Bytes) * activation, resultB);
                    }
                }
                resultA.Store(leaves + leaf * GroupRows);
                resultB.Store(leaves + leaf * GroupRows + 8);
            }
            FoldTree(leaves, GroupRows, shape.LeafCount, results);
        }
    }

    /// <summary>One unit times one token: the rows 0–7 and 8–15.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unit<TCodes>(byte* w, sbyte* x, ref Vector256<int> a, ref Vector256<int> b)
        where TCodes : struct, IUnitCodes
    {
        Vector256<byte> low = Vector256.Load(w);
        Vector256<byte> high = Vector256.Load(w + 32);
        Vector256<sbyte> four = CodeKernels.Broadcast(x);
        a = CodeKernels.DotAdd<TCodes>(a, TCodes.Quad(low, 0), four);
        b = CodeKernels.DotAdd<TCodes>(b, TCodes.Quad(high, 0), four);
        if (TCodes.Quads < 2)
            return;
        four = CodeKernels.Broadcast(x + 4);
        a = CodeKernels.DotAdd<TCodes>(a, TCodes.Quad(low, 1), four);
        b = CodeKernels.DotAdd<TCodes>(b, TCodes.Quad(high, 1), four);
        if (TCodes.Quads < 4)
            return;
        four = CodeKernels.Broadcast(x + 8);
        a = CodeKernels.DotAdd<TCodes>(a, TCodes.Quad(low, 2), four);
        b = CodeKernels.DotAdd<TCodes>(b, TCodes.Quad(high, 2), four);
        four = CodeKernels.Broadcast(x + 12);
        a = CodeKernels.DotAdd<TCodes>(a, TCodes.Quad(low, 3), four);
        b = CodeKernels.DotAdd<TCodes>(b, TCodes.Quad(high, 3), four);
    }

    /// <summary>The plan's tree in each lane: [leaves][stride] vectors of 16, overwritten.</summary>
    private static void FoldTree(float* leaves, nint stride, int count, float* result)
    {
        for (count /= 2; count > 0; count /= 2)
        {
            for (int i = 0; i < count; i++)
                (Vector512.Load(leaves + 2 * i * stride) + Vector512.Load(leaves + (2 * i + 1) * stride)).Store(leaves + i * stride);
        }
        Vector512.Load(leaves).Store(result);
    }

    /// <summary>Where a group's planes begin.</summary>
    private readonly struct GroupPlanes(byte* codes, byte* scales, byte* minima, byte* zeros)
    {
        public readonly byte* Codes = codes;
        public readonly byte* Scales = scales;
        public readonly byte* Minima = minima;
        public readonly byte* Zeros = zeros;
    }

    /// <summary>The blocks of the plan's node that is computed.</summary>
    private readonly record struct BlockShape(
        int LeafFirst,
        int LeafCount,
        int BlocksPerLeaf,
        int Blocks,
        int UnitsOfBlock,
        int UnitsOfLast,
        int ParameterShift,
        int NegativeBias,
        bool IsWhole
    );
}
