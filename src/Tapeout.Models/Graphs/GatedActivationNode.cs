namespace Tapeout.Models.Graphs;

/// <summary>out = f(gate) · up, element by element. Inputs: gate, up.</summary>
public sealed record GatedActivationNode(int Id, string Name, int Layer, IReadOnlyList<int> Inputs, int Width, ActivationFunction Function)
    : GraphNode(Id, Name, Layer, Inputs, Width)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> InputWidths => [Width, Width];

    /// <inheritdoc/>
    public override string Signature => $"gated {Function} {Width}";
}
