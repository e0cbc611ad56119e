namespace Tapeout.Models.Graphs;

/// <summary>
/// Consecutive layers of the same structure: equal operators, attributes and shapes, connected in the same way; only the names of the
/// weights differ (in the layer's number). A compiler emits one loop over them.
/// </summary>
/// <param name="First">The first layer.</param>
/// <param name="Count">The number of layers.</param>
public sealed record LayerRun(int First, int Count);
