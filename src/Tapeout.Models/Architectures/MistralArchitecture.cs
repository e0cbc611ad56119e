using Tapeout.Models.Graphs;
using Tapeout.Models.Importers;

namespace Tapeout.Models.Architectures;

/// <summary>
/// Mistral 7B: llama with a sliding window in every layer. Converters write such files as llama without the window; the metadata key
/// <c>llama.attention.sliding_window</c> (in the file, or as an override) states it.
/// </summary>
public sealed class MistralArchitecture : IArchitecture
{
    /// <inheritdoc/>
    public string Name => "mistral";

    /// <inheritdoc/>
    public bool Accepts(GgufFile file)
    {
        string architecture = file.Metadata.Text("general.architecture");
        return architecture == "mistral" || architecture == "llama" && file.Metadata.Has("llama.attention.sliding_window");
    }

    /// <inheritdoc/>
    public ModelConfiguration Configure(GgufFile file) => new DecoderMetadata(file, file.Metadata.Text("general.architecture")).Read(Name);

    /// <inheritdoc/>
    public ModelGraph BuildGraph(ModelConfiguration configuration) => DecoderGraph.Build(configuration);
}
