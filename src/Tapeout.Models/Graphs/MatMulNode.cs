namespace Tapeout.Models.Graphs;

/// <summary>out[r] = Σ over c of weight[r, c] · in[c].</summary>
public sealed record MatMulNode(int Id, string Name, int Layer, IReadOnlyList<int> Inputs, WeightReference Weight)
    : GraphNode(Id, Name, Layer, Inputs, Weight.Rows)
{
    /// <inheritdoc/>
    public override IReadOnlyList<WeightReference> Weights => [Weight];

    /// <inheritdoc/>
    public override IReadOnlyList<int> InputWidths => [Weight.Columns];

    /// <inheritdoc/>
    public override string Signature => $"matmul {Weight.Rows}×{Weight.Columns}";
}
