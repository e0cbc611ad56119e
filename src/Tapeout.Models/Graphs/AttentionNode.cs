namespace Tapeout.Models.Graphs;

/// <summary>
/// Appends the key and value of each token to the layer's KV cache, then out[h] = softmax(Scale · q[h]·K) V over the positions up to the
/// token's own, the last <paramref name="Window"/> of them (itself included) where there is a window. Query head h reads key-value head
/// h / (Heads / KeyValueHeads). With a soft cap, scores become cap · tanh(score / cap). Inputs: q, k, v.
/// </summary>
public sealed record AttentionNode(
    int Id,
    string Name,
    int Layer,
    IReadOnlyList<int> Inputs,
    int Heads,
    int KeyValueHeads,
    int HeadDimension,
    float Scale,
    int? Window = null,
    float? SoftCap = null
) : GraphNode(Id, Name, Layer, Inputs, Heads * HeadDimension)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> InputWidths => [Width, KeyValueHeads * HeadDimension, KeyValueHeads * HeadDimension];

    /// <inheritdoc/>
    public override string Signature =>
        $"attention heads={Heads} kv-heads={KeyValueHeads} head={HeadDimension} scale={Scale:R}"
        + (Window is int window ? $" window={window}" : "")
        + (SoftCap is float cap ? $" softcap={cap:R}" : "");
}
