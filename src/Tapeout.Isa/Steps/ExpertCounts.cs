namespace Tapeout.Isa;

/// <summary>
/// Tokens per expert and layer: written by ROUTE while a step runs on a machine; given in advance (recorded, or drawn from a named
/// distribution) where only time is asked for.
/// </summary>
public sealed class ExpertCounts
{
    private readonly Dictionary<int, int[]> byLayer = [];

    /// <summary>The layers that have counts.</summary>
    public IReadOnlyCollection<int> Layers => byLayer.Keys;

    /// <summary>Sets the counts of a layer: in the place of earlier ones, where there are as many.</summary>
    public void Set(int layer, ReadOnlySpan<int> counts)
    {
        if (byLayer.TryGetValue(layer, out int[]? held) && held.Length == counts.Length)
            counts.CopyTo(held);
        else
            byLayer[layer] = counts.ToArray();
    }

    /// <summary>The counts of a layer.</summary>
    /// <exception cref="InvalidOperationException">No ROUTE has run for the layer.</exception>
    public ReadOnlySpan<int> Of(int layer) =>
        byLayer.TryGetValue(layer, out int[]? counts)
            ? counts
            : throw new InvalidOperationException($"Layer {layer} has no counts of tokens per expert: no ROUTE has run for it.");

    /// <summary>The rows of an expert among rows sorted by expert.</summary>
    public AxisRange RowsOf(int layer, int expert)
    {
        ReadOnlySpan<int> counts = Of(layer);
        if ((expert < 0 || expert >= counts.Length))
            return new(0, 0);
        int start = 0;
        for (int e = 0; e < expert; e++)
            start += counts[e];
        return new(start, counts[expert]);
    }
}
