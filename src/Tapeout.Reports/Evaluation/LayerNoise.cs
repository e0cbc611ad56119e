namespace Tapeout.Reports.Evaluation;

/// <summary>
/// The signal-to-noise ratio of the residual stream after each layer: Σ x² of the baseline over Σ (y − x)², over positions from a first one on. Position 0 is
/// best left out: its activations are many times larger than all others in most models and would stand for them.
/// </summary>
public sealed class LayerNoise
{
    private readonly SortedDictionary<int, (double Signal, double Noise)> _layers = [];

    /// <summary>10 · log₁₀ of the ratio by layer; infinite where both streams are the same.</summary>
    public IReadOnlyList<(int Layer, double Decibels)> Ratios =>
        [.. _layers.Select(l => (l.Key, 10 * Math.Log10(l.Value.Signal / l.Value.Noise)))];

    /// <summary>Adds what two machines have kept of the same window.</summary>
    /// <param name="recorder">The evaluated machine's.</param>
    /// <param name="baseline">The baseline's.</param>
    /// <param name="firstPosition">The first position that counts.</param>
    public void Add(LayerRecorder recorder, LayerRecorder baseline, int firstPosition)
    {
        foreach ((int layer, SortedDictionary<int, float[]> positions) in baseline.Layers)
        {
            (double signal, double noise) = _layers.GetValueOrDefault(layer);
            foreach ((int position, float[] expected) in positions)
            {
                if (position < firstPosition)
                    continue;
                float[] found = recorder.Layers[layer][position];
                for (int i = 0; i < expected.Length; i++)
                {
                    double difference = (double)found[i] - expected[i];
                    signal += (double)expected[i] * expected[i];
                    noise += difference * difference;
                }
            }
            _layers[layer] = (signal, noise);
        }
    }
}
