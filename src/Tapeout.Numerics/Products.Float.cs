namespace Tapeout.Numerics;

/// <content>The float fold.</content>
public static partial class Products
{
    /// <summary>Weight rows whose chains run side by side.</summary>
    private const int Interleave = 8;

    /// <summary>Columns de-quantised at a time: eight rows of them stay in the first-level cache.</summary>
    private const int Segment = 256;

    private static unsafe void ChainFloat(
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
        int wColumn = kFirst - weights.ColumnStart;
        int aColumn = kFirst - activations.ColumnStart;
        bool plainWeights = w.Format.Element == ElementType.F32;
        bool plainActivations = a.Format.Element == ElementType.F32;
        float* weightBuffer = stackalloc float[plainWeights ? 1 : Segment * Interleave];
        float* activationBuffer = stackalloc float[plainActivations ? 1 : Segment];
        fixed (byte* wBytes = weights.Bytes)
        fixed (byte* aBytes = activations.Bytes)
        fixed (float* acc = accumulators)
        {
            for (int done = 0; done < rowCount; done += Interleave)
            {
                int rows = Math.Min(Interleave, rowCount - done);
                int length = plainWeights && plainActivations ? kCount : Segment;
                for (int k = 0; k < kCount; k += length)
                {
                    int count = Math.Min(length, kCount - k);
                    float* x = (float*)(aBytes + (nint)token * a.RowBytes) + aColumn + k;
                    if (!plainActivations)
                    {
                        x = activationBuffer;
                        TensorCodec.DequantiseSegment(a, aBytes, token, aColumn + k, count, x);
                    }
                    float* y = (float*)(wBytes + (nint)(rowFirst + done) * w.RowBytes) + wColumn + k;
                    nint stride = w.Columns;
                    if (!plainWeights)
                    {
                        y = weightBuffer;
                        stride = Segment;
                        for (int i = 0; i < rows; i++)
                            TensorCodec.DequantiseSegment(w, wBytes, rowFirst + done + i, wColumn + k, count, y + i * Segment);
                    }
                    FoldRows(y, stride, rows, x, count, acc + done);
                }
            }
        }
    }

    private static unsafe void FoldRows(float* weights, nint stride, int rows, float* x, int count, float* accumulators)
    {
        if (rows == Interleave)
        {
            FoldEight(weights, stride, x, count, accumulators);
            return;
        }
        int row = 0;
        for (; row + 2 <= rows; row += 2)
        {
            float* w0 = weights + row * stride;
            float* w1 = w0 + stride;
            float acc0 = accumulators[row];
            float acc1 = accumulators[row + 1];
            for (nint k = 0; k < count; k++)
            {
                acc0 = MathF.FusedMultiplyAdd(w0[k], x[k], acc0);
                acc1 = MathF.FusedMultiplyAdd(w1[k], x[k], acc1);
            }
            accumulators[row] = acc0;
            accumulators[row + 1] = acc1;
        }
        if (row < rows)
        {
            float* w = weights + row * stride;
            float acc = accumulators[row];
            for (nint k = 0; k < count; k++)
                acc = MathF.FusedMultiplyAdd(w[k], x[k], acc);
            accumulators[row] = acc;
        }
    }

    private static unsafe void FoldEight(float* weights, nint stride, float* x, nint count, float* accumulators)
    {
        float* w0 = weights;
        float* w1 = w0 + stride;
        float* w2 = w1 + stride;
        float* w3 = w2 + stride;
        float* w4 = w3 + stride;
        float* w5 = w4 + stride;
        float* w6 = w5 + stride;
        float* w7 = w6 + stride;
        float acc0 = accumulators[0];
        float acc1 = accumulators[1];
        float acc2 = accumulators[2];
        float acc3 = accumulators[3];
        float acc4 = accumulators[4];
        float acc5 = accumulators[5];
        float acc6 = accumulators[6];
        float acc7 = accumulators[7];
        for (nint k = 0; k < count; k++)
        {
            float xk = x[k];
            acc0 = MathF.FusedMultiplyAdd(w0[k], xk, acc0);
            acc1 = MathF.FusedMultiplyAdd(w1[k], xk, acc1);
            acc2 = MathF.FusedMultiplyAdd(w2[k], xk, acc2);
            acc3 = MathF.FusedMultiplyAdd(w3[k], xk, acc3);
            acc4 = MathF.FusedMultiplyAdd(w4[k], xk, acc4);
            acc5 = MathF.FusedMultiplyAdd(w5[k], xk, acc5);
            acc6 = MathF.FusedMultiplyAdd(w6[k], xk, acc6);
            acc7 = MathF.FusedMultiplyAdd(w7[k], xk, acc7);
        }
        accumulators[0] = acc0;
        accumulators[1] = acc1;
        accumulators[2] = acc2;
        accumulators[3] = acc3;
        accumulators[4] = acc4;
        accumulators[5] = acc5;
        accumulators[6] = acc6;
        accumulators[7] = acc7;
    }
}
