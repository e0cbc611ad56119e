namespace Tapeout.Reports.Evaluation;

/// <summary>The scores of a text, window by window, and what they amount to.</summary>
public sealed class EvaluationScores
{
    private readonly List<TokenScore[]> _windows = [];

    /// <summary>The windows scored so far.</summary>
    public IReadOnlyList<TokenScore[]> Windows => _windows;

    /// <summary>All scores, in the order of the text.</summary>
    public IEnumerable<TokenScore> All => _windows.SelectMany(w => w);

    /// <summary>Tokens scored.</summary>
    public int Tokens => _windows.Sum(w => w.Length);

    /// <summary>Mean of −ln p over the tokens.</summary>
    public double MeanNegativeLogLikelihood => All.Average(s => s.NegativeLogLikelihood);

    /// <summary>e^mean.</summary>
    public double Perplexity => Math.Exp(MeanNegativeLogLikelihood);

    /// <summary>The standard error of the mean of −ln p, tokens taken as independent; that of the perplexity is as many times larger as the perplexity.</summary>
    public double MeanStandardError => StandardError(s => s.NegativeLogLikelihood);

    /// <summary>True if there was a baseline.</summary>
    public bool HasBaseline => _windows.Count > 0 && _windows[0].Length > 0 && !double.IsNaN(_windows[0][0].Divergence);

    /// <summary>The baseline's perplexity.</summary>
    public double BaselinePerplexity => Math.Exp(All.Average(s => s.BaselineNegativeLogLikelihood));

    /// <summary>ln of the ratio of the two perplexities, with its standard error from the tokens' paired differences.</summary>
    public (double Mean, double Error) LogRatio =>
        (
            All.Average(s => s.NegativeLogLikelihood - s.BaselineNegativeLogLikelihood),
            StandardError(s => s.NegativeLogLikelihood - s.BaselineNegativeLogLikelihood)
        );

    /// <summary>Mean KL divergence from the baseline, in nats.</summary>
    public double Divergence => All.Average(s => s.Divergence);

    /// <summary>The standard error of <see cref="Divergence"/>.</summary>
    public double DivergenceStandardError => StandardError(s => s.Divergence);

    /// <summary>The share of tokens before which both hold the same token for the likeliest.</summary>
    public double SameTop => All.Average(s => s.HasSameTop ? 1.0 : 0.0);

    /// <summary>Adds the next window.</summary>
    public void Add(TokenScore[] window) => _windows.Add(window);

    /// <summary>The divergence that a share of the tokens stays at or below (nearest rank).</summary>
    /// <param name="share">Above 0, at most 1; 1 is the largest.</param>
    public double DivergenceQuantile(double share)
    {
        double[] sorted = [.. All.Select(s => s.Divergence).Order()];
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    private double StandardError(Func<TokenScore, double> value)
    {
        double[] values = [.. All.Select(value)];
        double mean = values.Average();
        return values.Length < 2 ? 0 : Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1.0) / values.Length);
    }
}
