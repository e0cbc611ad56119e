using System.Runtime.Intrinsics;

namespace Tapeout.Numerics.Kernels;

/// <summary>Integer sums over all of K become results, sixteen rows of weights at a time: the bits of <see cref="Products.FinishInteger"/>.</summary>
public static unsafe class FinishedSums
{
    private const int Width = 16;
    private const int Chunk = 256;

    /// <summary>y[i] = fl(f32(sum[i]) · fl(s_w · s_a)), and with a minimum m then fma(f32(Σ q_a), fl(m · s_a), that).</summary>
    /// <param name="weights">Weights with one scale per row or tensor; only scales and minima are read.</param>
    /// <param name="row">The row of weights of sum 0.</param>
    /// <param name="activationScale">s_a: the token's scale.</param>
    /// <param name="activationSum">Σ q_a: read only where weights have a minimum.</param>
    /// <param name="sums">The sums of consecutive rows of weights.</param>
    /// <param name="results">As many results.</param>
    public static void Finish(
        in PackedMatrix weights,
        int row,
        float activationScale,
        int activationSum,
        ReadOnlySpan<int> sums,
        Span<float> results
    )
    {
        TensorLayout layout = weights.Layout;
        if (layout.Format.Granularity is not (ScaleGranularity.Row or ScaleGranularity.Tensor))
            throw new ArgumentException("A product with groups is folded along its plan.", nameof(weights));
        weights.Require(row, results.Length, weights.ColumnStart, 0);
        bool hasMinimum = layout.Format.Offset == OffsetKind.Minimum;
        float* scales = stackalloc float[Chunk];
        float* minima = stackalloc float[Chunk];
        float activations = activationSum;
        fixed (byte* bytes = weights.Bytes)
        {
            for (int done = 0; done < results.Length; done += Chunk)
            {
                int count = Math.Min(Chunk, results.Length - done);
                Parameters(layout, bytes + layout.ScalesAt, row + done, count, scales);
                if (hasMinimum)
                    Parameters(layout, bytes + layout.OffsetsAt, row + done, count, minima);
                ReadOnlySpan<int> s = sums.Slice(done, count);
                Span<float> y = results.Slice(done, count);
                int i = 0;
                for (; i + Width <= count; i += Width)
                {
                    Vector512<float> scale = Vector512.Load(scales + i) * Vector512.Create(activationScale);
                    Vector512<float> result = Vector512.ConvertToSingle(Vector512.Create(s.Slice(i, Width))) * scale;
                    if (hasMinimum)
                    {
                        Vector512<float> minimum = Vector512.Load(minima + i) * Vector512.Create(activationScale);
                        result = Vector512.FusedMultiplyAdd(Vector512.Create(activations), minimum, result);
                    }
                    result.CopyTo(y[i..]);
                }
                for (; i < count; i++)
                {
                    float scale = scales[i] * activationScale;
                    float result = s[i] * scale;
                    y[i] = hasMinimum ? MathF.FusedMultiplyAdd(activations, minima[i] * activationScale, result) : result;
                }
            }
        }
    }

    /// <summary>Scales or minima of consecutive rows as float32.</summary>
    private static void Parameters(in TensorLayout layout, byte* plane, int row, int count, float* target)
    {
        ElementType type = layout.Format.ScaleType;
        if (layout.Format.Granularity == ScaleGranularity.Tensor)
            new Span<float>(target, count).Fill(TensorCodec.ReadFloat(type, plane, 0));
        else if (type == ElementType.F32)
            new ReadOnlySpan<float>((float*)plane + row, count).CopyTo(new(target, count));
        else if (type == ElementType.F16)
            TensorCodec.FromF16((ushort*)plane + row, count, target);
        else
            TensorCodec.FromBF16((ushort*)plane + row, count, target);
    }
}
