namespace Tapeout.Isa;

/// <summary>The operator of the model that instructions come from: what listings, traces and errors name.</summary>
/// <param name="Operator">The operator's name: attn_q, ffn_down …</param>
/// <param name="FirstLayer">The layer; −1 outside of layers.</param>
/// <param name="LoopLevel">The loop that adds to the layer; −1 for none.</param>
public sealed record Origin(string Operator, int FirstLayer, int LoopLevel)
{
    /// <summary>The layer for given loop indices; −1 outside of layers.</summary>
    public int Layer(in LoopIndices loops) => LoopLevel < 0 ? FirstLayer : FirstLayer + loops[LoopLevel];
}
