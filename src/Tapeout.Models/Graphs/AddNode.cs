namespace Tapeout.Models.Graphs;

/// <summary>out = a + b, element by element.</summary>
public sealed record AddNode(int Id, string Name, int Layer, IReadOnlyList<int> Inputs, int Width)
    : GraphNode(Id, Name, Layer, Inputs, Width)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> InputWidths => [Width, Width];

    /// <inheritdoc/>
    public override string Signature => $"add {Width}";
}
