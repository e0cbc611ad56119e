using Tapeout.Isa;

namespace Tapeout.Timing;

/// <summary>How the tokens of a step spread over the experts of all layers that route.</summary>
/// <param name="Mean">Tokens of an expert, over all experts and layers.</param>
/// <param name="Maximum">Tokens of the busiest expert of any layer.</param>
/// <param name="Imbalance">The busiest expert of a layer over the layer's mean, averaged over layers; 1 for an even spread.</param>
/// <param name="Active">The share of experts that have tokens, whose weights are read.</param>
public readonly record struct ExpertSpread(double Mean, int Maximum, double Imbalance, double Active)
{
    /// <summary>The spread that a step is timed with; null where nothing routes.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="step">Shapes, and counts where they are known.</param>
    /// <param name="experts">Where the other counts come from.</param>
    public static ExpertSpread? Of(Tape tape, Step step, ExpertDistribution experts)
    {
        ExpertCounts counts = Timeline.WithCounts(tape, step, experts).Counts;
        long all = 0;
        long total = 0;
        int active = 0;
        int maximum = 0;
        double imbalance = 0;
        foreach (int layer in counts.Layers.Order())
        {
            int[] tokens = counts.Of(layer).ToArray();
            long sum = tokens.Sum(t => (long)t);
            all += tokens.Length;
            total += sum;
            active += tokens.Count(t => t > 0);
            maximum = Math.Max(maximum, tokens.Max());
            imbalance += sum == 0 ? 1 : tokens.Max() * (double)tokens.Length / sum;
        }
        return all == 0 ? null : new(total / (double)all, maximum, imbalance / counts.Layers.Count, active / (double)all);
    }
}
