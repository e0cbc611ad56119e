namespace Tapeout.Models.Graphs;

/// <summary>The nodes of one layer: <paramref name="Count"/> consecutive nodes from <paramref name="First"/>.</summary>
/// <param name="Index">The layer.</param>
/// <param name="First">The id of its first node.</param>
/// <param name="Count">Its nodes.</param>
public sealed record GraphLayer(int Index, int First, int Count);
