namespace Tapeout.Models.Graphs;

/// <summary>Normalises each token's vector and multiplies by the weight.</summary>
public sealed record NormNode(
    int Id,
    string Name,
    int Layer,
    IReadOnlyList<int> Inputs,
    NormKind Kind,
    float Epsilon,
    WeightReference Weight
) : GraphNode(Id, Name, Layer, Inputs, Weight.Columns)
{
    /// <inheritdoc/>
    public override IReadOnlyList<WeightReference> Weights => [Weight];

    /// <inheritdoc/>
    public override IReadOnlyList<int> InputWidths => [Weight.Columns];

    /// <inheritdoc/>
    public override string Signature => $"norm {(Kind == NormKind.Rms ? "rms" : "layer")} {Weight.Columns} epsilon={Epsilon:R}";
}
