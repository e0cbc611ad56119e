namespace Tapeout.Reports.Evaluation;

/// <summary>How well one token of a text was predicted.</summary>
/// <param name="NegativeLogLikelihood">−ln p(token), in nats.</param>
/// <param name="BaselineNegativeLogLikelihood">The baseline's; NaN without one.</param>
/// <param name="Divergence">KL divergence of the whole distribution from the baseline's, in nats; NaN without one.</param>
/// <param name="HasSameTop">True if both hold the same token for the likeliest; true without a baseline.</param>
public readonly record struct TokenScore(
    double NegativeLogLikelihood,
    double BaselineNegativeLogLikelihood,
    double Divergence,
    bool HasSameTop
)
{
    /// <summary>The score of one row of logits.</summary>
    public static TokenScore Of(ReadOnlySpan<float> logits, int token) =>
        new(LogSoftmax.LogOfSum(logits) - logits[token], double.NaN, double.NaN, true);

    /// <summary>The score of one row of logits against the row of a baseline.</summary>
    public static TokenScore Of(ReadOnlySpan<float> logits, ReadOnlySpan<float> baseline, int token)
    {
        double sum = LogSoftmax.LogOfSum(logits);
        double baselineSum = LogSoftmax.LogOfSum(baseline);
        return new(
            sum - logits[token],
            baselineSum - baseline[token],
            LogSoftmax.Divergence(baseline, baselineSum, logits, sum),
            LogSoftmax.Largest(logits) == LogSoftmax.Largest(baseline)
        );
    }
}
