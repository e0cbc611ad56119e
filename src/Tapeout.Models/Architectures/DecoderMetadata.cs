using Tapeout.Models.Importers;
using Tapeout.Quantities;

namespace Tapeout.Models.Architectures;

/// <summary>Reads the metadata that decoder-only transformers share; <paramref name="prefix"/> is the first part of the keys.</summary>
internal sealed class DecoderMetadata(GgufFile file, string prefix)
{
    // Far beyond any model; keeps products of two sizes within 64 bits.
    private const int LargestSize = 1 << 24;

    // Two norms, q, k, v, output, gate, up, down; a mixture of experts has a router besides.
    private const int TensorsOfLayer = 9;
    private const string FactorsTensor = "rope_freqs.weight";

    private readonly GgufMetadata _metadata = file.Metadata;

    /// <summary>The configuration, under the family's <paramref name="name"/>.</summary>
    public ModelConfiguration Read(string name)
    {
        GgufTensor embedding = Tensor("token_embd.weight") ?? throw NoTensor("token_embd.weight");
        int layers = Integer("block_count", 1);
        // The directory bounds the layers, so that a wrong number cannot ask for a graph larger than the file.
        if (layers > file.Tensors.Count / TensorsOfLayer)
        {
            throw new InvalidInputException(
                $"{file.Name}: '{prefix}.block_count' is {layers}, but the file has only {file.Tensors.Count} tensors, and a layer needs "
                    + $"{TensorsOfLayer}; convert the model again."
            );
        }
        int hidden = Integer("embedding_length", 1);
        int heads = Integer("attention.head_count", 1);
        int keyValueHeads = OptionalInteger("attention.head_count_kv", 1) ?? heads;
        if (heads % keyValueHeads != 0)
        {
            throw new InvalidInputException(
                $"{file.Name}: {heads} query heads cannot share {keyValueHeads} key-value heads evenly ('{prefix}.attention.head_count_kv')."
            );
        }
        int headDimension = HeadDimension(hidden, heads);
        int ropeDimensions = OptionalInteger("rope.dimension_count", 2, headDimension) ?? headDimension;
        if (ropeDimensions % 2 != 0)
            throw new InvalidInputException($"{file.Name}: '{prefix}.rope.dimension_count' is {ropeDimensions}; it must be even.");
        int experts = OptionalInteger("expert_count", 0, 4096) ?? 0;
        int feedForward = Integer("feed_forward_length", 1);
        int? window = OptionalInteger("attention.sliding_window", 0, int.MaxValue);
        RefuseUnsupported();
        return new()
        {
            Architecture = name,
            Layers = layers,
            Hidden = hidden,
            FeedForward = feedForward,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDimension = headDimension,
            Vocabulary = embedding.Rows,
            ContextLength = OptionalInteger("context_length", 1, int.MaxValue) ?? throw NoKey("context_length"),
            NormEpsilon = NormEpsilon(),
            RopeBase = RopeBase(),
            RopeDimensions = ropeDimensions,
            RopeFrequencyFactors = RopeFactors(ropeDimensions),
            SlidingWindow = window > 0 ? window : null,
            Experts = experts,
            ExpertsUsed = experts == 0 ? 0 : Integer("expert_used_count", 1, experts),
            ExpertFeedForward = experts == 0 ? 0 : OptionalInteger("expert_feed_forward_length", 1) ?? feedForward,
            NormaliseExpertWeights = experts != 0 && (_metadata.OptionalBool($"{prefix}.expert_weights_norm") ?? true),
            TiedEmbeddings = Tensor("output.weight") is null,
        };
    }

    private int HeadDimension(int hidden, int heads)
    {
        int? keyLength = OptionalInteger("attention.key_length", 1);
        if (keyLength is null && hidden % heads != 0)
        {
            throw new InvalidInputException(
                $"{file.Name}: an embedding of {hidden} does not divide into {heads} heads and '{prefix}.attention.key_length' is absent."
            );
        }
        int dimension = keyLength ?? hidden / heads;
        int valueLength = OptionalInteger("attention.value_length", 1) ?? dimension;
        if (valueLength != dimension)
        {
            throw new InvalidInputException(
                $"{file.Name}: keys have {dimension} elements a head and values {valueLength}; only equal lengths are supported."
            );
        }
        return (long)dimension * heads <= int.MaxValue
            ? dimension
            : throw new InvalidInputException($"{file.Name}: {heads} heads of {dimension} elements are more than any file holds.");
    }

    private float NormEpsilon()
    {
        string key = $"{prefix}.attention.layer_norm_rms_epsilon";
        double epsilon = _metadata.OptionalNumber(key) ?? throw NoKey("attention.layer_norm_rms_epsilon");
        return epsilon is >= 0 and < 1
            ? (float)epsilon
            : throw new InvalidInputException($"{file.Name}: '{key}' is {epsilon}; it must be from 0 to below 1.");
    }

    private double RopeBase()
    {
        string key = $"{prefix}.rope.freq_base";
        double value = _metadata.OptionalNumber(key) ?? 10000;
        return value > 0 ? value : throw new InvalidInputException($"{file.Name}: '{key}' is {value}; it must be above 0.");
    }

    private float[]? RopeFactors(int ropeDimensions)
    {
        string type = _metadata.OptionalText($"{prefix}.rope.scaling.type") ?? "none";
        double? linear =
            _metadata.OptionalNumber($"{prefix}.rope.scaling.factor") ?? _metadata.OptionalNumber($"{prefix}.rope.scale_linear");
        if (type is not ("none" or "linear"))
        {
            throw new InvalidInputException(
                $"{file.Name}: '{prefix}.rope.scaling.type' is {Printable.Quote(type)}; supported are none, linear, and factors in the tensor "
                    + $"'{FactorsTensor}'."
            );
        }
        GgufTensor? tensor = Tensor(FactorsTensor);
        if (tensor is null)
        {
            if (type != "linear" || linear is null or 1)
                return null;
            return linear > 0
                ? [.. Enumerable.Repeat((float)linear.Value, ropeDimensions / 2)]
                : throw new InvalidInputException($"{file.Name}: '{prefix}.rope.scaling.factor' is {linear}; it must be above 0.");
        }
        if (tensor.Type != "F32" || tensor.Elements != ropeDimensions / 2 || tensor.Columns != tensor.Elements)
        {
            throw new InvalidInputException(
                $"{file.Name}: '{FactorsTensor}' is {tensor.Type} with {tensor.Elements} elements; {ropeDimensions / 2} of F32 are needed, one "
                    + "per rotated pair."
            );
        }
        float[] factors = new float[tensor.Columns];
        new WeightTensor(tensor, file.Source).Dequantise(0, 1, factors);
        foreach (float factor in factors)
        {
            if (!(factor > 0) || !float.IsFinite(factor))
                throw new InvalidInputException($"{file.Name}: '{FactorsTensor}' holds {factor}; factors must be above 0 and finite.");
        }
        return factors;
    }

    private void RefuseUnsupported()
    {
        foreach (string name in (string[])["logit_scale", "residual_scale", "embedding_scale", "attention.scale", "expert_weights_scale"])
        {
            double value = _metadata.OptionalNumber($"{prefix}.{name}") ?? 0;
            if (value is not (0 or 1))
                throw new InvalidInputException(
                    $"{file.Name}: '{prefix}.{name}' is {value}; {prefix} models with such a scale are not supported."
                );
        }
    }

    private GgufTensor? Tensor(string name) => file.Tensors.FirstOrDefault(t => t.Name == name);

    private int Integer(string name, int minimum, int maximum = LargestSize) => _metadata.Integer($"{prefix}.{name}", minimum, maximum);

    private int? OptionalInteger(string name, int minimum, int maximum = LargestSize) =>
        _metadata.OptionalInteger($"{prefix}.{name}", minimum, maximum);

    private InvalidInputException NoKey(string name) =>
        new($"{file.Name} has no metadata key '{prefix}.{name}', which its architecture needs; convert the model again.");

    private InvalidInputException NoTensor(string name) =>
        new($"{file.Name} has no tensor '{name}': it holds a vocabulary or part of a model, not a model that can run.");
}
