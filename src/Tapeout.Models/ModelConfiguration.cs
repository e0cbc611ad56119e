namespace Tapeout.Models;

/// <summary>The numbers that fix a model's graph. Sizes are in elements.</summary>
public sealed record ModelConfiguration
{
    /// <summary>The name of the architecture family, as in <see cref="Architectures.ArchitectureList"/>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Transformer blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int Hidden { get; init; }

    /// <summary>Inner width of the dense feed-forward part.</summary>
    public required int FeedForward { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; divides <see cref="Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Elements of a head.</summary>
    public required int HeadDimension { get; init; }

    /// <summary>Tokens of the vocabulary.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>The most positions the model is made for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>The epsilon of the norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>The base of the rotary frequencies: angle of pair i at position p is p · base^(−2i/d), divided by its factor.</summary>
    public double RopeBase { get; init; } = 10000;

    /// <summary>d: elements of a head that are rotated; even, at most <see cref="HeadDimension"/>.</summary>
    public required int RopeDimensions { get; init; }

    /// <summary>Which elements are rotated together.</summary>
    public RopePairing RopePairing { get; init; } = RopePairing.Interleaved;

    /// <summary>One divisor of the angle per pair (d/2 of them: Llama 3 or linear scaling), or null.</summary>
    public IReadOnlyList<float>? RopeFrequencyFactors { get; init; }

    /// <summary>Positions a token sees, itself included; null for all.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Experts of a layer; 0 for a dense model.</summary>
    public int Experts { get; init; }

    /// <summary>Experts that process a token.</summary>
    public int ExpertsUsed { get; init; }

    /// <summary>Inner width of an expert.</summary>
    public int ExpertFeedForward { get; init; }

    /// <summary>True if the weights of the chosen experts are divided by their sum.</summary>
    public bool NormaliseExpertWeights { get; init; }

    /// <summary>True if the output layer uses the embedding matrix.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>The token that starts a text, or null.</summary>
    public int? BeginningOfText { get; init; }

    /// <summary>The token that ends a text, or null.</summary>
    public int? EndOfText { get; init; }

    /// <summary>All tokens that end generation, in ascending order.</summary>
    public IReadOnlyList<int> EndOfGeneration { get; init; } = [];

    /// <summary>True if a prompt starts with <see cref="BeginningOfText"/>.</summary>
    public bool AddBeginningOfText { get; init; }
}
