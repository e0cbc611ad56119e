namespace Tapeout.Models.Graphs;

/// <summary>
/// One operation on every token of a step. Values are numbered; a value is a vector of <see cref="Width"/> elements a token. The number of
/// tokens stays a symbol. Value 0 is the token ids; node n makes value n + 1.
/// </summary>
/// <param name="Id">The position in the graph, from 0.</param>
/// <param name="Name">The name within its layer: <c>attn_q</c>.</param>
/// <param name="Layer">The layer, −1 outside of layers.</param>
/// <param name="Inputs">The values that are read.</param>
/// <param name="Width">Elements of the value that is made.</param>
public abstract record GraphNode(int Id, string Name, int Layer, IReadOnlyList<int> Inputs, int Width)
{
    /// <summary>The value that is made.</summary>
    public int Output => Id + 1;

    /// <summary>The weights that are read.</summary>
    public virtual IReadOnlyList<WeightReference> Weights => [];

    /// <summary>The widths the inputs must have, in their order.</summary>
    public abstract IReadOnlyList<int> InputWidths { get; }

    /// <summary>The operator with its attributes, as in the dump; equal for nodes that differ only in place and weights.</summary>
    public abstract string Signature { get; }
}
