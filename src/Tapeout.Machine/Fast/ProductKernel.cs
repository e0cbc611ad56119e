using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <summary>MATMUL over repacked weights: groups of rows are shared out to the team. One product at a time.</summary>
internal sealed unsafe class ProductKernel : IDisposable
{
    /// <summary>Multiplications from which on a product is worth being shared: some 5 µs of one thread.</summary>
    private const long SharedWork = 200_000;

    /// <summary>Tokens from which on the activations are worth being prepared by several threads.</summary>
    private const int SharedTokens = 32;

    private const int FewTokens = 8;

    /// <summary>
    /// Eighths of a product that are shared out evenly before members take what is left in smaller and smaller items: with all eight a decode step of the shape
    /// of Llama-3.2-1B takes up to 3 % longer.
    /// </summary>
    private const int EvenWithFewTokens = 7;

    /// <summary>The same with many tokens: a group of rows takes so long then that items may be short from the second round on.</summary>
    private const int EvenWithManyTokens = 4;

    private readonly WorkerTeam _team;
    private readonly ActivationPanel _panel = new();
    private readonly Action<int> _prepare;
    private readonly Action<int> _multiply;
    private InterleavedWeights _weights = null!;
    private MatrixView _x;
    private float* _output;
    private nint _outputStride;
    private int _tokensPerItem;
    private Shares _shares;
    private int _leafFirst;
    private int _leafCount;

    // The activations that the panel holds: where they lie, and which of them.
    private (nint, AxisRange, AxisRange) _prepared;
    private volatile bool _isFinite;

    public ProductKernel(WorkerTeam team)
    {
        _team = team;
        _prepare = Prepare;
        _multiply = Multiply;
    }

    /// <summary>True if the instruction makes finished sums over all of K, or over a node of the plan.</summary>
    public static bool Handles(MatMul instruction) =>
        instruction is { Accumulate: AccumulateMode.Overwrite, Result: MatMulResult.Final or MatMulResult.Node };

    /// <summary>What the activations were may have changed: they are prepared anew for the next product.</summary>
    public void Forget() => _prepared = default;

    /// <summary>y = x · wᵀ; false if a result is not finite.</summary>
    /// <param name="weights">The rows of W that y's columns stand for.</param>
    /// <param name="x">Activations [T, K].</param>
    /// <param name="y">f32 [T, N].</param>
    /// <param name="leafFirst">The first leaf of the plan.</param>
    /// <param name="leafCount">Leaves; 0 for all. What the activations are in others does not matter.</param>
    /// <param name="part">What is read first of all, of <see cref="PartOf"/>; null if it lies in many places.</param>
    public bool Execute(
        InterleavedWeights weights,
        in MatrixView x,
        in MatrixView y,
        int leafFirst = 0,
        int leafCount = 0,
        ReadAhead? part = null
    )
    {
        _leafFirst = leafFirst;
        _leafCount = leafCount;
        _weights = weights;
        _x = x;
        _outputStride = y.Layout.RowBytes / sizeof(float);
        _output = (float*)y.First + y.Local(y.Rows.Start) * _outputStride + (y.Columns.Start - y.ColumnStart);
        int tokens = x.Rows.Count;
        (nint, AxisRange, AxisRange) prepared = ((nint)x.First, x.Rows, x.Columns);
        if (prepared != _prepared || !_panel.Suits(weights.Rule))
        {
            _panel.Begin(weights.Rule, tokens);
            _tokensPerItem = tokens < SharedTokens ? tokens : (tokens + _team.Size - 1) / _team.Size;
            _team.Run((tokens + _tokensPerItem - 1) / _tokensPerItem, _prepare);
            _prepared = prepared;
        }
        _shares = SharesOf(weights, tokens);
        _team.Announce(tokens <= FewTokens ? part : null);
        _isFinite = true;
        _team.Run(_shares.Count, _multiply);
        // Results in place of the activations have changed them.
        if (y.Overlaps(x))
            Forget();
        return _isFinite;
    }

    /// <summary>What threads will read first of all of a product's codes, for few tokens.</summary>
    public ReadAhead PartOf(InterleavedWeights weights) =>
        new(weights.CodesStart, weights.CodeBytes, SharesOf(weights, 1).Of(0).Count * weights.GroupBytes);

    public void Dispose() => _panel.Dispose();

    private Shares SharesOf(InterleavedWeights weights, int tokens)
    {
        long work = (long)weights.Rule.Length * weights.Rows * tokens;
        // With few tokens weights come from memory, and a thread that reads on where it left off has them fetched ahead.
        return new(weights.Groups, work < SharedWork ? 1 : _team.Size, tokens <= FewTokens ? EvenWithFewTokens : EvenWithManyTokens);
    }

    private void Prepare(int item)
    {
        int first = item * _tokensPerItem;
        _panel.Fill(_x.Packed, _x.Local(_x.Rows.Start), first, Math.Min(_tokensPerItem, _x.Rows.Count - first));
    }

    private void Multiply(int item)
    {
        (int first, int count) = _shares.Of(item);
        if (!_weights.Multiply(_panel, first, count, _output, _outputStride, _leafFirst, _leafCount))
            _isFinite = false;
    }
}
