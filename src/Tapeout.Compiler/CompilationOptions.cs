using Tapeout.Chips;

namespace Tapeout.Compiler;

/// <summary>What a tape is compiled for.</summary>
public sealed record CompilationOptions
{
    /// <summary>The name of the token embedding in <see cref="Keep"/>.</summary>
    public const string Embedding = "embedding";

    /// <summary>The name of the output layer in <see cref="Keep"/>.</summary>
    public const string Head = "head";

    /// <summary>The chip.</summary>
    public required ChipDescription Chip { get; init; }

    /// <summary>Chips of that kind that share every layer (tensor parallel).</summary>
    public int Chips { get; init; } = 1;

    /// <summary>How products are put together over the chips.</summary>
    public TensorParallelism Parallelism { get; init; } = TensorParallelism.Gather;

    /// <summary>The quantisation: one of <see cref="QuantisationFormats.Names"/> or the name of a weight format.</summary>
    public string Format { get; init; } = "int8";

    /// <summary>The name of the KV cache's format; null for the quantisation's own.</summary>
    public string? KvFormat { get; init; }

    /// <summary>
    /// Operators whose weights keep the file's own numbers and meet float32 activations: <see cref="Embedding"/>, <see cref="Head"/>, or
    /// names as <c>attn_v</c> and <c>ffn_down</c>, which stand for every layer. Tied tensors are kept together.
    /// </summary>
    public IReadOnlyList<string> Keep { get; init; } = [];

    /// <summary>The quantisation as a report names it: the format, and what it leaves out.</summary>
    public string FormatName => NameOf(Format, Keep);

    /// <summary>Most sequences in one step.</summary>
    public int MaxSequences { get; init; } = 1;

    /// <summary>Most tokens in one step.</summary>
    public int MaxTokensPerStep { get; init; } = 64;

    /// <summary>Most positions of a sequence; 0 for the model's context length.</summary>
    public int ContextLength { get; init; }

    /// <summary>Most rows of logits in one step; 0 for one per sequence.</summary>
    public int MaxLogitRows { get; init; }

    /// <summary>Candidates that each part of the vocabulary hands to the sampler; 1 is enough for greedy decoding, 0 keeps all.</summary>
    public int Candidates { get; init; } = 1;

    /// <summary>False to compile the shape only: no weight is read.</summary>
    public bool Weights { get; init; } = true;

    /// <summary>Called with a sentence at the start of longer work.</summary>
    public Action<string>? Progress { get; init; }

    /// <summary>A quantisation's name together with the tensors it leaves out.</summary>
    internal static string NameOf(string format, IReadOnlyList<string> keep) =>
        keep.Count == 0 ? format : $"{format} keeping {string.Join(", ", keep)}";
}
