using Tapeout.Models.Architectures;
using Tapeout.Models.Graphs;
using Tapeout.Models.Tokenizers;
using Tapeout.Quantities;

namespace Tapeout.Models.Importers;

/// <summary>Makes a <see cref="Model"/> of a GGUF file: configuration, weights, and a graph proven to fit them.</summary>
internal static class GgufModelImporter
{
    private const int MostUnused = 5;

    // Read into the configuration, not by a node of the graph.
    private static readonly string[] _readElsewhere = ["rope_freqs.weight"];

    /// <summary>The model of <paramref name="file"/>, which it owns from here on.</summary>
    public static Model Load(GgufFile file, string? name = null)
    {
        GgufMetadata metadata = file.Metadata;
        RefuseSplit(file);
        IArchitecture architecture = ArchitectureList.Of(file);
        ModelConfiguration configuration = WithTokens(architecture.Configure(file), metadata);
        Dictionary<string, WeightTensor> weights = file.Tensors.ToDictionary(t => t.Name, t => new WeightTensor(t, file.Source));
        ModelGraph graph = architecture.BuildGraph(configuration);
        ModelGraphVerifier.Verify(graph, weights, file.Name);
        RefuseUnused(graph, file);
        return new(
            name ?? metadata.OptionalText("general.name") ?? Path.GetFileNameWithoutExtension(file.Name),
            file.Name,
            configuration,
            weights,
            () => GgufTokenizer.Load(metadata, configuration.Vocabulary),
            metadata.OptionalText("tokenizer.chat_template"),
            file
        );
    }

    private static ModelConfiguration WithTokens(ModelConfiguration configuration, GgufMetadata metadata)
    {
        int? begin = metadata.TokenId("tokenizer.ggml.bos_token_id", configuration.Vocabulary);
        int? end = metadata.TokenId("tokenizer.ggml.eos_token_id", configuration.Vocabulary);
        return configuration with
        {
            BeginningOfText = begin,
            EndOfText = end,
            EndOfGeneration = GgufTokenizer.EndOfGeneration(metadata, configuration.Vocabulary),
            AddBeginningOfText = begin is not null && GgufTokenizer.AddsBeginningOfText(metadata),
        };
    }

    private static void RefuseSplit(GgufFile file)
    {
        int parts = file.Metadata.OptionalInteger("split.count", 0, 65535) ?? 0;
        if (parts > 1)
        {
            throw new InvalidInputException(
                $"{file.Name} is one of {parts} parts of a split model; join them first, for example with llama.cpp's gguf-split --merge."
            );
        }
    }

    /// <summary>A tensor that no node reads (a bias, say) means another network than the graph: its results would be wrong.</summary>
    private static void RefuseUnused(ModelGraph graph, GgufFile file)
    {
        HashSet<string> used = [.. graph.Weights().Select(w => w.Name), .. _readElsewhere];
        string[] unused = [.. file.Tensors.Select(t => t.Name).Where(n => !used.Contains(n))];
        if (unused.Length > 0)
        {
            string names = string.Join(", ", unused.Take(MostUnused).Select(Printable.Quote));
            throw new InvalidInputException(
                $"{file.Name} has {unused.Length} tensors that the {graph.Name} architecture does not use ({names}{(unused.Length > MostUnused ? " …" : "")}); "
                    + "its results would differ from the model's."
            );
        }
    }
}
