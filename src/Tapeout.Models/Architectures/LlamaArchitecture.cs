using Tapeout.Models.Graphs;
using Tapeout.Models.Importers;

namespace Tapeout.Models.Architectures;

/// <summary>
/// Llama 1, 2, 3 and their relatives (SmolLM2, TinyLlama): RMS norms before attention and feed-forward, rotary embeddings, grouped-query
/// attention, SwiGLU, no biases. Hugging Face: <c>LlamaForCausalLM</c>.
/// </summary>
public sealed class LlamaArchitecture : IArchitecture
{
    /// <inheritdoc/>
    public string Name => "llama";

    /// <inheritdoc/>
    public bool Accepts(GgufFile file) => file.Metadata.Text("general.architecture") == "llama";

    /// <inheritdoc/>
    public ModelConfiguration Configure(GgufFile file) => new DecoderMetadata(file, "llama").Read(Name);

    /// <inheritdoc/>
    public ModelGraph BuildGraph(ModelConfiguration configuration) => DecoderGraph.Build(configuration);
}
