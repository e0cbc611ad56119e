namespace Tapeout.Models.Graphs;

/// <summary>
/// out = Σ over slots of weight · down[e] (f(gate[e] x) · (up[e] x)), in slot order. Inputs: x, the value of a <see cref="RouteNode"/>. The
/// weights are stacks with one matrix per expert.
/// </summary>
public sealed record ExpertsNode(
    int Id,
    string Name,
    int Layer,
    IReadOnlyList<int> Inputs,
    int Used,
    WeightReference Gate,
    WeightReference Up,
    WeightReference Down,
    ActivationFunction Function
) : GraphNode(Id, Name, Layer, Inputs, Down.Rows)
{
    /// <inheritdoc/>
    public override IReadOnlyList<WeightReference> Weights => [Gate, Up, Down];

    /// <inheritdoc/>
    public override IReadOnlyList<int> InputWidths => [Gate.Columns, Used];

    /// <inheritdoc/>
    public override string Signature => $"experts {Used}-of-{Gate.Count} {Gate.Columns}→{Gate.Rows}→{Down.Rows} {Function}";
}
