using System.Globalization;
using Tapeout.Quantities;
using YamlDotNet.RepresentationModel;

namespace Tapeout.Models;

/// <summary>The catalog of transformer shapes, <c>catalog/models/*.yaml</c>: enough to compile and time a model without its weights.</summary>
public static class ModelCatalog
{
    private const string Prefix = "catalog/models/";

    /// <summary>The names, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(ModelCatalog)
            .Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^".yaml".Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>A shape by name.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public static ModelCatalogEntry Find(string name)
    {
        if (!Names.Contains(name))
            throw new InvalidInputException(
                $"There is no model '{name}'{Sentence.DidYouMean(name, Names)}: name a .gguf file, or one that 'tapeout models list' shows."
            );
        using Stream stream = typeof(ModelCatalog).Assembly.GetManifestResourceStream($"{Prefix}{name}.yaml")!;
        using StreamReader reader = new(stream);
        YamlStream yaml = [];
        yaml.Load(reader);
        Dictionary<string, string> fields = ((YamlMappingNode)yaml.Documents[0].RootNode).Children.ToDictionary(
            p => ((YamlScalarNode)p.Key).Value!,
            p => ((YamlScalarNode)p.Value).Value ?? ""
        );
        int Whole(string key, int missing = 0) =>
            fields.TryGetValue(key, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : missing;
        ModelConfiguration configuration = new()
        {
            Architecture = fields["architecture"],
            Layers = Whole("layers"),
            Hidden = Whole("hidden"),
            FeedForward = Whole("feedForward"),
            Heads = Whole("heads"),
            KeyValueHeads = Whole("keyValueHeads"),
            HeadDimension = Whole("headDimension"),
            Vocabulary = Whole("vocabulary"),
            ContextLength = Whole("contextLength"),
            NormEpsilon = 1e-5f,
            RopeBase = fields.TryGetValue("ropeBase", out string? rope) ? double.Parse(rope, CultureInfo.InvariantCulture) : 10000,
            RopeDimensions = Whole("headDimension"),
            SlidingWindow = fields.ContainsKey("slidingWindow") ? Whole("slidingWindow") : null,
            Experts = Whole("experts"),
            ExpertsUsed = Whole("expertsUsed"),
            ExpertFeedForward = Whole("expertFeedForward"),
            NormaliseExpertWeights = Whole("experts") > 0,
            TiedEmbeddings = fields["tiedEmbeddings"] == "true",
        };
        return new(name, configuration, fields.GetValueOrDefault("missing", ""), fields["source"]);
    }
}
