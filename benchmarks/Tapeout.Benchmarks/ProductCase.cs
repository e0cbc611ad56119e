using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Benchmarks;

/// <summary>One product with random operands, in both layouts.</summary>
internal sealed class ProductCase : IDisposable
{
    private readonly KernelMemory _memory = new();
    private readonly byte[] _packed;
    private readonly byte[] _activations;
    private readonly TensorLayout _weightLayout;
    private readonly TensorLayout _activationLayout;

    public ProductCase(string weight, string activation, int rows, int columns, int tokens, int copies = 1)
    {
        if (!NumberFormat.TryParse(weight, out NumberFormat w) || !NumberFormat.TryParse(activation, out NumberFormat a))
            throw new ArgumentException($"{weight} × {activation} is no pair of formats.", nameof(weight));
        Rule = ProductRule.For(w, a, columns);
        Rows = rows;
        Tokens = tokens;
        _weightLayout = new(w, rows, columns);
        _activationLayout = new(a, tokens, columns);
        _packed = new byte[_weightLayout.Bytes];
        _activations = new byte[_activationLayout.Bytes];
        TensorCodec.Quantise(w, Values(rows * columns, 1), rows, columns, _packed);
        TensorCodec.Quantise(a, Values(tokens * columns, 2), tokens, columns, _activations);
        Weights = [.. Enumerable.Range(0, copies).Select(_ => new InterleavedWeights(Rule, new(_weightLayout, _packed), 0, rows, _memory))];
        Panel.Begin(Rule, tokens);
        Fill();
        Output = new float[rows * tokens];
    }

    public ProductRule Rule { get; }

    public int Rows { get; }

    public int Tokens { get; }

    /// <summary>The same weights several times, so that they need not be in the cache.</summary>
    public InterleavedWeights[] Weights { get; }

    public ActivationPanel Panel { get; } = new();

    public float[] Output { get; }

    /// <summary>Bytes of one copy of the packed weights with scales.</summary>
    public long Bytes => _weightLayout.Bytes;

    public void Fill() => Panel.Fill(new(_activationLayout, _activations), 0, 0, Tokens);

    public unsafe void Multiply(int copy, int part, int parts)
    {
        int groups = Weights[copy].Groups;
        int first = (int)((long)groups * part / parts);
        int end = (int)((long)groups * (part + 1) / parts);
        fixed (float* output = Output)
            Weights[copy].Multiply(Panel, first, end - first, output, Rows);
    }

    public void MultiplyScalar(int token) =>
        Products.FullRows(
            Rule,
            new(_weightLayout, _packed),
            0,
            Rows,
            new(_activationLayout, _activations),
            token,
            Output.AsSpan(token * Rows, Rows)
        );

    public void Dispose()
    {
        Panel.Dispose();
        _memory.Dispose();
    }

    private static float[] Values(int count, int seed)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = CounterRandom.Uniform((ulong)seed, 0, (uint)i, 0) - 0.5f;
        return values;
    }
}
