using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tapeout.Numerics.Kernels.Emitted;

namespace Tapeout.Numerics.Kernels;

/// <content>
/// The float fold: a segment of weights is de-quantised for 16 rows at a time, as the first-level cache holds it, and folded into the accumulators of every
/// token. Four groups of rows go side by side, so that chains of dependent additions hide each other's latency.
/// </content>
public sealed unsafe partial class InterleavedWeights
{
    /// <summary>k de-quantised at a time: 4 groups · 64 k · 64 bytes are a third of a first-level cache.</summary>
    private const int SegmentLength = 64;

    private const int GroupsAtOnce = 4;

    private const int SegmentFloats = SegmentLength * GroupRows;

    /// <summary>Tokens up to which widening halves again for each tile costs less than keeping them.</summary>
    private const int FewTokens = 6;

    /// <summary>Tokens that machine code takes at once.</summary>
    private const int MostTokens = 12;

    /// <summary>Tokens whose accumulators lie on the stack.</summary>
    private const int TokensAtOnce = 64;

    private void MultiplyFloats(
        ActivationPanel panel,
        int groupFirst,
        int groupCount,
        float* output,
        nint outputStride,
        int leafFirst,
        int leafCount
    )
    {
        for (int group = groupFirst; group < groupFirst + groupCount; group += GroupsAtOnce)
        {
            int groups = Math.Min(GroupsAtOnce, groupFirst + groupCount - group);
            for (int token = 0; token < panel.Tokens; token += TokensAtOnce)
            {
                int tokens = Math.Min(TokensAtOnce, panel.Tokens - token);
                MultiplyFloatTile(panel, group, groups, token, tokens, leafFirst, leafCount, output + token * outputStride, outputStride);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MultiplyFloatTile(
        ActivationPanel panel,
        int group,
        int groups,
        int token,
        int tokens,
        int leafFirst,
        int leafCount,
        float* output,
        nint outputStride
    )
    {
        unchecked
        {
            const int Tile = GroupsAtOnce * GroupRows;
            ReductionPlan plan = Rule.Plan;
            nint stride = panel.Stride;
            bool machineCode = panel.UsesMachineCode;
            // Weights that are floats already are read where they lie: always by code for few tokens, and float32 by any.
            bool direct = _element == ElementType.F32 || (machineCode && Rule.Weight.IsFloat && tokens <= FewTokens);
            int segment = direct && machineCode ? plan.BlocksPerLeaf * plan.Block : SegmentLength;
            float* scratch = stackalloc float[GroupsAtOnce * SegmentFloats];
            // The tree's pending nodes: a leaf joins as in binary counting, so that as many nodes wait as the count has bits.
            float* pending = stackalloc float[5 * tokens * Tile];
            nint level = tokens * Tile;
            int depth = 0;
            for (int leaf = 0; leaf < leafCount; leaf++)
            {
                float* accumulators = pending + depth * level;
                new Span<float>(accumulators, (int)level).Clear();
                int end = plan.LeafStart(leafFirst + leaf + 1);
                for (int k = plan.LeafStart(leafFirst + leaf); k < end; k += segment)
                {
                    int count = Math.Min(segment, end - k);
                    float* x = panel.Values + token * stride + k;
                    byte* weights = direct ? _codes + group * _groupBytes + (nint)k * UnitBytes(_element) : (byte*)scratch;
                    for (int g = 0; !direct && g < groups; g++)
                        DequantiseSegment(group + g, k, count, scratch + g * SegmentFloats);
                    if (machineCode)
                        FoldByCode(weights, direct, groups, x, (int)stride, tokens, count, accumulators);
                    else
                        FoldSegment(
                            (float*)weights,
                            direct ? (nint)(_groupBytes / sizeof(float)) : SegmentFloats,
                            groups,
                            x,
                            stride,
                            tokens,
                            count,
                            accumulators
                        );
                }
                depth++;
                for (int pairs = leaf + 1; (pairs & 1) == 0; pairs >>= 1)
                {
                    depth--;
                    float* left = pending + (depth - 1) * level;
                    float* right = pending + depth * level;
                    for (nint i = 0; i < level; i += 16)
                        (Vector512.Load(left + i) + Vector512.Load(right + i)).Store(left + i);
                }
            }
            for (int t = 0; t < tokens; t++)
            {
                for (int g = 0; g < groups; g++)
                {
                    int row = (group + g) * GroupRows;
                    Store(pending + t * Tile + g * GroupRows, Math.Min(GroupRows, Rows - row), output + t * outputStride + row);
                }
            }
        }
    }

    /// <summary>As <see cref="FoldSegment"/>, by machine code, which also widens halves.</summary>
    private void FoldByCode(byte* weights, bool direct, int groups, float* x, int stride, int tokens, int count, float* accumulators)
    {
        const int Tile = GroupsAtOnce * GroupRows;
        nint groupStride = direct ? (nint)_groupBytes : SegmentFloats * sizeof(float);
        for (int g = 0; g < groups; )
        {
            int vectors = groups - g >= 4 && tokens <= FloatTile.MostTokens(4) ? 4 : Math.Min(2, groups - g);
            int most = Math.Min(MostTokens, FloatTile.MostTokens(vectors));
            for (int token = 0; token < tokens; token += most)
            {
                int together = Math.Min(most, tokens - token);
                ref nint code = ref _code[(vectors / 2 * 2 + (direct ? 1 : 0)) * (MostTokens + 1) + together];
                if (code == 0)
                    code = new FloatTile(
                        together,
                        vectors,
                        direct ? _element : ElementType.F32,
                        direct ? UnitBytes(_element) : GroupRows * sizeof(float),
                        checked((int)groupStride),
                        stride * sizeof(float),
                        GroupRows * sizeof(float),
                        false
                    ).Code();
                ((delegate* unmanaged<byte*, float*, nint, float*, nint, void>)code)(
                    weights + g * groupStride,
                    x + (nint)token * stride,
                    count,
                    accumulators + token * Tile + g * GroupRows,
                    Tile * sizeof(float)
                );
            }
            g += vectors;
        }
    }

    private static void FoldSegment(
        float* weights,
        nint groupStride,
        int groups,
        float* x,
        nint stride,
        int tokens,
        int count,
        float* accumulators
    )
    {
        const int Tile = GroupsAtOnce * GroupRows;
        int token = 0;
        for (; token + 4 <= tokens; token += 4)
        {
            int g = 0;
            for (; g + 2 <= groups; g += 2)
                FoldFourTokens(
                    weights + g * groupStride,
                    groupStride,
                    x + token * stride,
                    stride,
                    count,
                    accumulators + token * Tile + g * GroupRows
                );
            for (int t = 0; g < groups && t < 4; t++)
                FoldOneGroup(weights + g * groupStride, x + (token + t) * stride, count, accumulators + (token + t) * Tile + g * GroupRows);
        }
        for (; token < tokens; token++)
        {
            if (groups == GroupsAtOnce)
            {
                FoldOneToken(weights, groupStride, x + token * stride, count, accumulators + token * Tile);
                continue;
            }
            for (int g = 0; g < groups; g++)
                FoldOneGroup(weights + g * groupStride, x + token * stride, count, accumulators + token * Tile + g * GroupRows);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FoldOneGroup(float* weights, float* x, nint count, float* accumulators)
    {
        Vector512<float> sum = Vector512.Load(accumulators);
        for (nint k = 0; k < count; k++)
            sum = Vector512.FusedMultiplyAdd(Vector512.Load(weights + k * GroupRows), Vector512.Create(x[k]), sum);
        sum.Store(accumulators);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FoldOneToken(float* weights, nint groupStride, float* x, nint count, float* accumulators)
    {
        Vector512<float> sum0 = Vector512.Load(accumulators);
        Vector512<float> sum1 = Vector512.Load(accumulators + 16);
        Vector512<float> sum2 = Vector512.Load(accumulators + 32);
        Vector512<float> sum3 = Vector512.Load(accumulators + 48);
        float* w1 = weights + groupStride;
        float* w2 = w1 + groupStride;
        float* w3 = w2 + groupStride;
        for (nint k = 0; k < count; k++)
        {
            Vector512<float> value = Vector512.Create(x[k]);
            sum0 = Vector512.FusedMultiplyAdd(Vector512.Load(weights + k * GroupRows), value, sum0);
            sum1 = Vector512.FusedMultiplyAdd(Vector512.Load(w1 + k * GroupRows), value, sum1);
            sum2 = Vector512.FusedMultiplyAdd(Vector512.Load(w2 + k * GroupRows), value, sum2);
            sum3 = Vector512.FusedMultiplyAdd(Vector512.Load(w3 + k * GroupRows), value, sum3);
        }
        sum0.Store(accumulators);
        sum1.Store(accumulators + 16);
        sum2.Store(accumulators + 32);
        sum3.Store(accumulators + 48);
    }

    /// <summary>Two groups of rows, four tokens: eight chains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FoldFourTokens(float* weights, nint groupStride, float* x0, nint stride, nint count, float* accumulators)
    {
        const int Tile = GroupsAtOnce * GroupRows;
        float* w1 = weights + groupStride;
        float* x1 = x0 + stride;
        float* x2 = x1 + stride;
        float* x3 = x2 + stride;
        Vector512<float> a0 = Vector512.Load(accumulators);
        Vector512<float> b0 = Vector512.Load(accumulators + 16);
        Vector512<float> a1 = Vector512.Load(accumulators + Tile);
        Vector512<float> b1 = Vector512.Load(accumulators + Tile + 16);
        Vector512<float> a2 = Vector512.Load(accumulators + 2 * Tile);
        Vector512<float> b2 = Vector512.Load(accumulators + 2 * Tile + 16);
        Vector512<float> a3 = Vector512.Load(accumulators + 3 * Tile);
        Vector512<float> b3 = Vector512.Load(accumulators + 3 * Tile + 16);
        for (nint k = 0; k < count; k++)
        {
            Vector512<float> a = Vector512.Load(weights + k * GroupRows);
            Vector512<float> b = Vector512.Load(w1 + k * GroupRows);
            Vector512<float> value = Vector512.Create(x0[k]);
            a0 = Vector512.FusedMultiplyAdd(a, value, a0);
            b0 = Vector512.FusedMultiplyAdd(b, value, b0);
            value = Vector512.Create(x1[k]);
            a1 = Vector512.FusedMultiplyAdd(a, value, a1);
            b1 = Vector512.FusedMultiplyAdd(b, value, b1);
            value = Vector512.Create(x2[k]);
            a2 = Vector512.FusedMultiplyAdd(a, value, a2);
            b2 = Vector512.FusedMultiplyAdd(b, value, b2);
            value = Vector512.Create(x3[k]);
            a3 = Vector512.FusedMultiplyAdd(a, value, a3);
            b3 = Vector512.FusedMultiplyAdd(b, value, b3);
        }
        a0.Store(accumulators);
        b0.Store(accumulators + 16);
        a1.Store(accumulators + Tile);
        b1.Store(accumulators + Tile + 16);
        a2.Store(accumulators + 2 * Tile);
        b2.Store(accumulators + 2 * Tile + 16);
        a3.Store(accumulators + 3 * Tile);
        b3.Store(accumulators + 3 * Tile + 16);
    }

    /// <summary>De-quantises k … k + count of a group of rows to [k][16 rows]; k is a multiple of 16.</summary>
    private void DequantiseSegment(int group, int k, int count, float* target)
    {
        byte* codes = _codes + group * _groupBytes;
        switch (_element)
        {
            case ElementType.F16:
                Halves<HalfParameters>(codes + (nint)k * 32, count, target);
                return;
            case ElementType.BF16:
                Halves<BrainParameters>(codes + (nint)k * 32, count, target);
                return;
        }
        int size = Rule.Weight.GroupSize == 0 ? int.MaxValue : Rule.Weight.GroupSize;
        for (int done = 0; done < count; )
        {
            int at = k + done;
            int length = Math.Min(count - done, (int)Math.Min(size - at % size, int.MaxValue));
            nint parameter = ((nint)group * _parameterGroups + at / size) * GroupRows;
            Vector512<float> scale = Parameters(_scales, parameter);
            Vector512<int> zero = Vector512.Create(_bias);
            if (_zeros != null)
                zero = Vector512.Create(CodeKernels.Widen(_zeros + parameter), CodeKernels.Widen(_zeros + parameter + 8));
            Vector512<float> minimum = _minima == null ? default : Parameters(_minima, parameter);
            Codes(codes, at, length, scale, zero, minimum, target + (nint)done * GroupRows);
            done += length;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Codes(byte* codes, int k, int count, Vector512<float> scale, Vector512<int> zero, Vector512<float> minimum, float* target)
    {
        int bits = 32 / _unit;
        Vector512<int> mask = Vector512.Create((1 << bits) - 1);
        bool hasMinimum = _minima != null;
        int quads = _unit / 4;
        // k is a multiple of 16, so that whole quads begin here.
        for (int i = 0; i < count; i += 4)
        {
            int quad = (k + i) / 4;
            Vector512<int> unit = Vector512.Load((int*)(codes + (nint)(quad / quads) * 64)) >>> (quad % quads * bits);
            float* values = target + (nint)i * GroupRows;
            Value(unit & mask, zero, scale, minimum, hasMinimum).Store(values);
            if (i + 4 > count)
            {
                for (int j = 1; i + j < count; j++)
                    Value((unit >>> (8 * j)) & mask, zero, scale, minimum, hasMinimum).Store(values + j * GroupRows);
                return;
            }
            Value((unit >>> 8) & mask, zero, scale, minimum, hasMinimum).Store(values + GroupRows);
            Value((unit >>> 16) & mask, zero, scale, minimum, hasMinimum).Store(values + 2 * GroupRows);
            Value((unit >>> 24) & mask, zero, scale, minimum, hasMinimum).Store(values + 3 * GroupRows);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Value(
        Vector512<int> code,
        Vector512<int> zero,
        Vector512<float> scale,
        Vector512<float> minimum,
        bool hasMinimum
    )
    {
        Vector512<float> value = Vector512.ConvertToSingle(code - zero) * scale;
        return hasMinimum ? value + minimum : value;
    }

    private Vector512<float> Parameters(byte* plane, nint at) =>
        _scaleType switch
        {
            ElementType.F32 => Vector512.Load((float*)plane + at),
            ElementType.F16 => HalfParameters.LoadSixteen(plane + at * 2),
            _ => BrainParameters.LoadSixteen(plane + at * 2),
        };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Halves<TParameters>(byte* source, nint count, float* target)
        where TParameters : struct, IParameters
    {
        for (nint i = 0; i < count; i++)
        {
            TParameters.LoadSixteen(source + i * 32).Store(target + i * GroupRows);
        }
    }
}
