using Tapeout.Models.Graphs;
using Tapeout.Models.Importers;

namespace Tapeout.Models.Architectures;

/// <summary>
/// Mixtral: llama whose feed-forward part is a mixture of experts: softmax over all router logits, the best chosen, their weights divided
/// by their sum. GGUF writes it as llama with <c>llama.expert_count</c>.
/// </summary>
public sealed class MixtralArchitecture : IArchitecture
{
    /// <inheritdoc/>
    public string Name => "mixtral";

    /// <inheritdoc/>
    public bool Accepts(GgufFile file) =>
        file.Metadata.Text("general.architecture") == "llama" && (file.Metadata.OptionalInteger("llama.expert_count", 0) ?? 0) > 0;

    /// <inheritdoc/>
    public ModelConfiguration Configure(GgufFile file) => new DecoderMetadata(file, "llama").Read(Name);

    /// <inheritdoc/>
    public ModelGraph BuildGraph(ModelConfiguration configuration) => DecoderGraph.Build(configuration);
}
