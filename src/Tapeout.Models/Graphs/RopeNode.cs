namespace Tapeout.Models.Graphs;

/// <summary>
/// Rotates pairs of each head by the angle position · Base^(−2i / Dimensions) / FrequencyFactors[i] (factor 1 without a list). Elements
/// beyond <paramref name="Dimensions"/> pass.
/// </summary>
public sealed record RopeNode(
    int Id,
    string Name,
    int Layer,
    IReadOnlyList<int> Inputs,
    int Heads,
    int HeadDimension,
    int Dimensions,
    double Base,
    RopePairing Pairing,
    IReadOnlyList<float>? FrequencyFactors
) : GraphNode(Id, Name, Layer, Inputs, Heads * HeadDimension)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> InputWidths => [Width];

    /// <inheritdoc/>
    public override string Signature =>
        $"rope heads={Heads}×{HeadDimension} dimensions={Dimensions} base={Base:R} {(Pairing == RopePairing.Interleaved ? "interleaved" : "half-split")}"
        + (FrequencyFactors is null ? "" : " factors");
}
