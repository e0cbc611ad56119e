namespace Tapeout.Models.Graphs;

/// <summary>A weight that a node reads, with the shape it must have.</summary>
/// <param name="Name">The name in the model.</param>
/// <param name="Rows">Output channels; 1 for vectors.</param>
/// <param name="Columns">Inputs.</param>
/// <param name="Count">Stacked matrices: experts; 1 otherwise.</param>
public sealed record WeightReference(string Name, int Rows, int Columns, int Count = 1);
