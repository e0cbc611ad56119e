using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tapeout.Reports.Evaluation;

/// <summary>
/// Softmax over the vocabulary in binary64, from float32 logits, as evaluations of language models take it. It measures a machine's results and is no part of them.
/// </summary>
public static class LogSoftmax
{
    /// <summary>ln Σ e^x.</summary>
    public static double LogOfSum(ReadOnlySpan<float> logits)
    {
        double largest = logits[Largest(logits)];
        Vector512<double> shift = Vector512.Create(largest);
        Vector512<double> sums = default;
        int i = 0;
        for (; i + 8 <= logits.Length; i += 8)
            sums += Vector512.Exp(Load(logits, i) - shift);
        double sum = Vector512.Sum(sums);
        for (; i < logits.Length; i++)
            sum += Math.Exp(logits[i] - largest);
        return largest + Math.Log(sum);
    }

    /// <summary>Σ p · (ln p − ln q), p of the baseline and q of the logits; both logarithms of sums are those of <see cref="LogOfSum"/>.</summary>
    public static double Divergence(ReadOnlySpan<float> baseline, double baselineSum, ReadOnlySpan<float> logits, double sum)
    {
        Vector512<double> baselineShift = Vector512.Create(baselineSum);
        Vector512<double> shift = Vector512.Create(sum);
        Vector512<double> totals = default;
        int i = 0;
        for (; i + 8 <= logits.Length; i += 8)
        {
            Vector512<double> p = Load(baseline, i) - baselineShift;
            totals += Vector512.Exp(p) * (p - (Load(logits, i) - shift));
        }
        double total = Vector512.Sum(totals);
        for (; i < logits.Length; i++)
        {
            double p = baseline[i] - baselineSum;
            total += Math.Exp(p) * (p - (logits[i] - sum));
        }
        return total;
    }

    /// <summary>The index of the largest logit, ties to the lowest index.</summary>
    public static int Largest(ReadOnlySpan<float> logits)
    {
        Vector512<float> best = Vector512.Create(float.NegativeInfinity);
        int i = 0;
        for (; i + 16 <= logits.Length; i += 16)
            best = Vector512.Max(best, Vector512.Create(logits.Slice(i, 16)));
        float largest = float.NegativeInfinity;
        for (int lane = 0; lane < 16; lane++)
            largest = Math.Max(largest, best[lane]);
        for (; i < logits.Length; i++)
            largest = Math.Max(largest, logits[i]);
        return logits.IndexOf(largest);
    }

    private static Vector512<double> Load(ReadOnlySpan<float> values, int at)
    {
        Vector256<float> eight = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(values), (nuint)at);
        return Vector512.Create(Vector256.WidenLower(eight), Vector256.WidenUpper(eight));
    }
}
