namespace Tapeout.Models.Graphs;

/// <summary>
/// Chooses <paramref name="Used"/> of <paramref name="Experts"/> by (score, lowest id) from router logits. The value has a slot per chosen
/// expert: its id and its weight; with <paramref name="Normalise"/> the weights are divided by their sum.
/// </summary>
public sealed record RouteNode(
    int Id,
    string Name,
    int Layer,
    IReadOnlyList<int> Inputs,
    int Experts,
    int Used,
    ExpertScoring Scoring,
    bool Normalise
) : GraphNode(Id, Name, Layer, Inputs, Used)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> InputWidths => [Experts];

    /// <inheritdoc/>
    public override string Signature => $"route {Used}-of-{Experts} {Scoring}{(Normalise ? " normalised" : "")}";
}
