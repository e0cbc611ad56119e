using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tapeout.Numerics;

/// <content>Integer sums: exact, so they may be taken in any order; the scalar loops stand beside the vector ones.</content>
public static partial class Products
{
    /// <summary>Weight codes unpacked at a time; a multiple of every block, whose largest is 1,024.</summary>
    private const int UnpackedCodes = 1024;

    /// <summary>
    /// Continues the exact sum of (q_w − z) · q_a over k in [<paramref name="kFirst"/>, kFirst + <paramref name="kCount"/>). K may be cut
    /// anywhere, and parts may be added in any order.
    /// </summary>
    public static unsafe int AccumulateInteger(
        in ProductRule rule,
        in PackedMatrix weights,
        int row,
        in PackedMatrix activations,
        int token,
        int kFirst,
        int kCount,
        int accumulator
    )
    {
        RequireWhole(rule);
        Check(rule, weights, activations);
        weights.Require(row, 1, kFirst, kCount);
        activations.Require(token, 1, kFirst, kCount);
        TensorLayout w = weights.Layout;
        sbyte* buffer = stackalloc sbyte[UnpackedCodes];
        fixed (byte* wBytes = weights.Bytes)
        fixed (byte* aBytes = activations.Bytes)
        {
            byte* codes = wBytes + (nint)row * w.RowBytes;
            sbyte* x = (sbyte*)aBytes + (nint)token * activations.Layout.RowBytes + (kFirst - activations.ColumnStart);
            int column = kFirst - weights.ColumnStart;
            bool plain = w.Format.Element == ElementType.I8;
            bool zeroPoint = w.Format.Offset == OffsetKind.ZeroPoint;
            int zero = zeroPoint ? wBytes[w.OffsetsAt + TensorCodec.ParameterIndex(w, row, 0)] : 0;
            for (int k = 0; k < kCount; k += UnpackedCodes)
            {
                int count = Math.Min(UnpackedCodes, kCount - k);
                sbyte* y = plain ? (sbyte*)codes + column + k : buffer;
                if (!plain)
                    TensorCodec.UnpackCodes(w.Format.Element, codes, column + k, count, buffer);
                unchecked
                {
                    accumulator += Dot(y, x + k, count);
                    if (zeroPoint)
                        accumulator -= zero * Sum(x + k, count);
                }
            }
        }
        return accumulator;
    }

    /// <summary>The exact sum of activation codes over k in [<paramref name="kFirst"/>, kFirst + <paramref name="kCount"/>).</summary>
    public static unsafe int SumActivations(in ProductRule rule, in PackedMatrix activations, int token, int kFirst, int kCount)
    {
        if (activations.Format != rule.Activation || activations.Format.Element != ElementType.I8)
            throw new ArgumentException("The activations are not the rule's integers.", nameof(activations));
        activations.Require(token, 1, kFirst, kCount);
        fixed (byte* bytes = activations.Bytes)
            return Sum((sbyte*)bytes + (nint)token * activations.Layout.RowBytes + (kFirst - activations.ColumnStart), kCount);
    }

    /// <summary>
    /// The output element of a finished integer sum: fl(f32(accumulator) · fl(s_w · s_a)), and with a float minimum m then
    /// fma(f32(<paramref name="activationSum"/>), fl(m · s_a), that).
    /// </summary>
    /// <param name="rule">A rule of kind <see cref="ProductKind.IntegerWhole"/>.</param>
    /// <param name="weights">The weights; only their scales are read.</param>
    /// <param name="row">The weight row.</param>
    /// <param name="activations">The activations; only their scales are read.</param>
    /// <param name="token">The activation row.</param>
    /// <param name="accumulator">The sum over all of K.</param>
    /// <param name="activationSum">The sum of the activation codes over all of K; read only where weights have a minimum.</param>
    public static float FinishInteger(
        in ProductRule rule,
        in PackedMatrix weights,
        int row,
        in PackedMatrix activations,
        int token,
        int accumulator,
        int activationSum = 0
    )
    {
        RequireWhole(rule);
        Check(rule, weights, activations);
        float activationScale = TensorCodec.ReadScale(activations.Layout, activations.Bytes, token, 0);
        float scale = TensorCodec.ReadScale(weights.Layout, weights.Bytes, row, 0) * activationScale;
        float result = accumulator * scale;
        if (rule.Weight.Offset != OffsetKind.Minimum)
            return result;
        float minimum = TensorCodec.ReadMinimum(weights.Layout, weights.Bytes, row, 0) * activationScale;
        return MathF.FusedMultiplyAdd(activationSum, minimum, result);
    }

    private static unsafe void ChainBlocks(
        in ProductRule rule,
        in PackedMatrix weights,
        int rowFirst,
        int rowCount,
        in PackedMatrix activations,
        int token,
        int kFirst,
        int kCount,
        Span<float> accumulators
    )
    {
        TensorLayout w = weights.Layout;
        TensorLayout a = activations.Layout;
        ElementType weightScale = w.Format.ScaleType;
        ElementType activationScale = a.Format.ScaleType;
        int block = rule.Block;
        int wGroup = w.Format.GroupSize == 0 ? int.MaxValue : w.Format.GroupSize;
        int aGroup = a.Format.GroupSize == 0 ? int.MaxValue : a.Format.GroupSize;
        bool plain = w.Format.Element == ElementType.I8;
        OffsetKind offset = w.Format.Offset;
        sbyte* buffer = stackalloc sbyte[UnpackedCodes];
        fixed (byte* wBytes = weights.Bytes)
        fixed (byte* aBytes = activations.Bytes)
        {
            sbyte* xs = (sbyte*)aBytes + (nint)token * a.RowBytes;
            for (int i = 0; i < rowCount; i++)
            {
                int row = rowFirst + i;
                byte* codes = wBytes + (nint)row * w.RowBytes;
                float acc = accumulators[i];
                for (int k = 0; k < kCount; k += block)
                {
                    int count = Math.Min(block, kCount - k);
                    int wColumn = kFirst + k - weights.ColumnStart;
                    int aColumn = kFirst + k - activations.ColumnStart;
                    int unpacked = k % UnpackedCodes;
                    if (!plain && unpacked == 0)
                        TensorCodec.UnpackCodes(w.Format.Element, codes, wColumn, Math.Min(UnpackedCodes, kCount - k), buffer);
                    sbyte* y = plain ? (sbyte*)codes + wColumn : buffer + unpacked;
                    sbyte* x = xs + aColumn;
                    int wParameter = TensorCodec.ParameterIndex(w, row, wColumn / wGroup);
                    float sa = TensorCodec.ReadFloat(
                        activationScale,
                        aBytes + a.ScalesAt,
                        TensorCodec.ParameterIndex(a, token, aColumn / aGroup)
                    );
                    float sw = TensorCodec.ReadFloat(weightScale, wBytes + w.ScalesAt, wParameter);
                    int p = Dot(y, x, count);
                    int sum = offset == OffsetKind.None ? 0 : Sum(x, count);
                    if (offset == OffsetKind.ZeroPoint)
                        p -= wBytes[w.OffsetsAt + wParameter] * sum;
                    acc = MathF.FusedMultiplyAdd(p, sw * sa, acc);
                    if (offset == OffsetKind.Minimum)
                        acc = MathF.FusedMultiplyAdd(sum, TensorCodec.ReadFloat(weightScale, wBytes + w.OffsetsAt, wParameter) * sa, acc);
                }
                accumulators[i] = acc;
            }
        }
    }

    /// <summary>Σ a[i] · b[i], 16 products a step (int8 × int8 and their pairs fit int16 and int32), equal to <see cref="DotScalar"/>.</summary>
    internal static unsafe int Dot(sbyte* a, sbyte* b, int count)
    {
        if (count < 16)
            return DotScalar(a, b, count);
        if (!Avx2.IsSupported)
            return DotPortable(a, b, count);
        unchecked
        {
            Vector256<int> sum0 = default;
            Vector256<int> sum1 = default;
            int i = 0;
            for (; i + 32 <= count; i += 32)
            {
                sum0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(a + i), Avx2.ConvertToVector256Int16(b + i));
                sum1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(a + i + 16), Avx2.ConvertToVector256Int16(b + i + 16));
            }
            for (; i + 16 <= count; i += 16)
                sum0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(a + i), Avx2.ConvertToVector256Int16(b + i));
            return Vector256.Sum(sum0 + sum1) + DotScalar(a + i, b + i, count - i);
        }
    }

    /// <summary>As <see cref="Dot"/>, for hosts without AVX2.</summary>
    internal static unsafe int DotPortable(sbyte* a, sbyte* b, int count)
    {
        unchecked
        {
            Vector128<int> sum = default;
            int i = 0;
            for (; i + 16 <= count; i += 16)
            {
                (Vector128<short> aLow, Vector128<short> aHigh) = Vector128.Widen(Vector128.Load(a + i));
                (Vector128<short> bLow, Vector128<short> bHigh) = Vector128.Widen(Vector128.Load(b + i));
                // A product of two int8 fits an int16.
                Vector128<short> low = aLow * bLow;
                Vector128<short> high = aHigh * bHigh;
                sum += Vector128.WidenLower(low) + Vector128.WidenUpper(low);
                sum += Vector128.WidenLower(high) + Vector128.WidenUpper(high);
            }
            return Vector128.Sum(sum) + DotScalar(a + i, b + i, count - i);
        }
    }

    /// <summary>Σ a[i] · b[i], one product a step.</summary>
    internal static unsafe int DotScalar(sbyte* a, sbyte* b, int count)
    {
        unchecked
        {
            int sum = 0;
            for (int i = 0; i < count; i++)
                sum += a[i] * b[i];
            return sum;
        }
    }

    /// <summary>Σ a[i], equal to <see cref="SumScalar"/>.</summary>
    internal static unsafe int Sum(sbyte* a, int count)
    {
        if (count < 16)
            return SumScalar(a, count);
        if (!Avx2.IsSupported)
            return SumPortable(a, count);
        unchecked
        {
            Vector256<int> sum = default;
            Vector256<short> one = Vector256.Create((short)1);
            int i = 0;
            for (; i + 16 <= count; i += 16)
                sum += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(a + i), one);
            return Vector256.Sum(sum) + SumScalar(a + i, count - i);
        }
    }

    /// <summary>As <see cref="Sum"/>, for hosts without AVX2.</summary>
    internal static unsafe int SumPortable(sbyte* a, int count)
    {
        unchecked
        {
            Vector128<int> sum = default;
            int i = 0;
            for (; i + 16 <= count; i += 16)
            {
                (Vector128<short> low, Vector128<short> high) = Vector128.Widen(Vector128.Load(a + i));
                Vector128<short> both = low + high;
                sum += Vector128.WidenLower(both) + Vector128.WidenUpper(both);
            }
            return Vector128.Sum(sum) + SumScalar(a + i, count - i);
        }
    }

    /// <summary>Σ a[i], one code a step.</summary>
    internal static unsafe int SumScalar(sbyte* a, int count)
    {
        unchecked
        {
            int sum = 0;
            for (int i = 0; i < count; i++)
                sum += a[i];
            return sum;
        }
    }

    private static void RequireWhole(in ProductRule rule)
    {
        if (rule.Kind != ProductKind.IntegerWhole)
            throw new ArgumentException($"A product of kind {rule.Kind} is folded along its plan.", nameof(rule));
    }
}
