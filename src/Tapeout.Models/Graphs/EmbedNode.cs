namespace Tapeout.Models.Graphs;

/// <summary>Looks the row of each token up: out = weight[token].</summary>
public sealed record EmbedNode(int Id, string Name, int Layer, IReadOnlyList<int> Inputs, WeightReference Weight)
    : GraphNode(Id, Name, Layer, Inputs, Weight.Columns)
{
    /// <inheritdoc/>
    public override IReadOnlyList<WeightReference> Weights => [Weight];

    /// <inheritdoc/>
    public override IReadOnlyList<int> InputWidths => [1];

    /// <inheritdoc/>
    public override string Signature => $"embed {Weight.Rows}×{Weight.Columns}";
}
