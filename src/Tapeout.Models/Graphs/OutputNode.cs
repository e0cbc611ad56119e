namespace Tapeout.Models.Graphs;

/// <summary>The logits of the rows that a step asks for: out[t] = Σ over c of weight[t, c] · in[c].</summary>
public sealed record OutputNode(int Id, string Name, int Layer, IReadOnlyList<int> Inputs, WeightReference Weight)
    : GraphNode(Id, Name, Layer, Inputs, Weight.Rows)
{
    /// <inheritdoc/>
    public override IReadOnlyList<WeightReference> Weights => [Weight];

    /// <inheritdoc/>
    public override IReadOnlyList<int> InputWidths => [Weight.Columns];

    /// <inheritdoc/>
    public override string Signature => $"output {Weight.Rows}×{Weight.Columns}";
}
