using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tapeout.Models.Architectures;
using Tapeout.Models.Graphs;
using Tapeout.Models.Tokenizers;
using Tapeout.Quantities;

namespace Tapeout.Models;

/// <summary>A model: its configuration, weights and tokenizer. Weights stay in the file, which stays open until disposal.</summary>
public sealed class Model : IDisposable
{
    private readonly Lazy<string> _hash;
    private readonly Lazy<ITokenizer?> _tokenizer;
    private readonly IDisposable? _file;
    private Task? _hashing;
    private volatile bool _isDisposed;

    internal Model(
        string name,
        string source,
        ModelConfiguration configuration,
        IReadOnlyDictionary<string, WeightTensor> weights,
        Func<ITokenizer?>? tokenizer = null,
        string? chatTemplate = null,
        IDisposable? file = null
    )
    {
        Name = name;
        Source = source;
        Configuration = configuration;
        Weights = weights;
        ChatTemplate = chatTemplate;
        _tokenizer = new(tokenizer ?? (() => null));
        _file = file;
        _hash = new(ComputeHash);
    }

    /// <summary>The model's own name.</summary>
    public string Name { get; }

    /// <summary>The path, or the name in the catalog.</summary>
    public string Source { get; }

    /// <summary>The numbers that fix the graph.</summary>
    public ModelConfiguration Configuration { get; }

    /// <summary>All weights by name.</summary>
    public IReadOnlyDictionary<string, WeightTensor> Weights { get; }

    /// <summary>
    /// The tokenizer, made on first use, or null if the file has none. A vocabulary that is broken, or of a kind that is not supported, is
    /// refused here, so that such a model can still be inspected, compiled and timed.
    /// </summary>
    /// <exception cref="InvalidInputException">The tokenizer cannot be used.</exception>
    public ITokenizer? Tokenizer => _tokenizer.Value;

    /// <summary>The chat template text of the file, or null.</summary>
    public string? ChatTemplate { get; }

    /// <summary>All elements of all weights.</summary>
    public long Parameters => Weights.Values.Sum(w => w.Elements);

    /// <summary>True if the weights have shapes but no numbers.</summary>
    public bool IsShapeOnly => _file is null && RandomSeed is null;

    /// <summary>The seed that weights are drawn from; null for weights of a file, or none.</summary>
    public ulong? RandomSeed { get; private init; }

    /// <summary>SHA-256, in hexadecimal, over the configuration, the names, shapes and types of the weights, and their bytes or their seed.</summary>
    public string Hash => _hash.Value;

    /// <summary>The tokenizer, or a refusal with a sentence if the model has none.</summary>
    public ITokenizer RequireTokenizer() =>
        Tokenizer
        ?? throw new InvalidInputException(
            IsShapeOnly
                ? $"{Source} is a shape without weights or tokenizer: it can be compiled and simulated, not run; name a .gguf file."
                : $"{Source} has no tokenizer (no 'tokenizer.ggml.model'); convert the model again with its tokenizer beside it."
        );

    /// <summary>The shape of this model with weights drawn from a seed: to measure speed with, for no text comes of them.</summary>
    /// <param name="seed">The seed: equal seeds make equal weights, whoever asks for them and in which order.</param>
    /// <param name="drawn">Called with the number of weights drawn, from whatever thread draws; null for none.</param>
    public Model WithRandomWeights(ulong seed, Action<long>? drawn = null) =>
        new(Name, Source, Configuration, Weights.ToDictionary(w => w.Key, w => w.Value.WithRandomNumbers(seed, drawn)))
        {
            RandomSeed = seed,
        };

    /// <summary>The graph of the model, verified against its weights.</summary>
    public ModelGraph BuildGraph()
    {
        ModelGraph graph = ArchitectureList.ByName(Configuration.Architecture).BuildGraph(Configuration);
        ModelGraphVerifier.Verify(graph, Weights, Source);
        return graph;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        // Another thread may still read the file.
        if (_hashing is not null)
            Task.WaitAny(_hashing);
        _file?.Dispose();
    }

    /// <summary>Starts to compute <see cref="Hash"/> on another thread: it reads the whole file, and is not needed at once.</summary>
    public void StartHash() => _hashing ??= IsShapeOnly ? null : Task.Run(() => _ = Hash);

    private string ComputeHash()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        StringBuilder head = new();
        // Lists print as their elements: a record's own text would name only their type.
        head.Append(Configuration with { RopeFrequencyFactors = null, EndOfGeneration = [] }).Append('\n');
        head.AppendJoin(',', Configuration.EndOfGeneration).Append('\n');
        head.AppendJoin(',', (Configuration.RopeFrequencyFactors ?? []).Select(f => f.ToString("R", CultureInfo.InvariantCulture)))
            .Append('\n');
        WeightTensor[] ordered = [.. Weights.Values.OrderBy(w => w.Name, StringComparer.Ordinal)];
        foreach (WeightTensor weight in ordered)
            head.Append(weight).Append('\n');
        if (RandomSeed is { } seed)
            head.Append(CultureInfo.InvariantCulture, $"weights drawn from seed {seed}\n");
        hash.AppendData(Encoding.UTF8.GetBytes(head.ToString()));
        foreach (WeightTensor weight in ordered)
        {
            weight.ReadBytes(bytes =>
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                hash.AppendData(bytes);
            });
            weight.Release();
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
