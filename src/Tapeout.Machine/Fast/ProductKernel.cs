using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Fast;

/// <summary>
/// MATMUL over panels: activations are brought into rows that kernels can read, panels are shared out to the team, four tokens go through a
/// panel together. One product at a time.
/// </summary>
internal sealed unsafe class ProductKernel : IDisposable
{
    /// <summary>Multiplications from which on a product is worth being shared: some 5 µs of one thread.</summary>
    private const long SharedWork = 200_000;

    private readonly WorkerTeam _team;
    private readonly Action<int> _prepare;
    private readonly Action<int> _multiply;
    private readonly Scratch _activations = new();
    private WeightPanels _weights = null!;
    private MatrixView _x;
    private MatrixView _y;
    private MatMulResult _result;
    private IntegerPanels.Token[] _tokens = [];
    private nint[] _rows = [];
    private int _leaves;
    private int _panelsPerItem;

    public ProductKernel(WorkerTeam team)
    {
        _team = team;
        _prepare = Prepare;
        _multiply = Multiply;
    }

    /// <summary>True if there is a kernel for this instruction and rule.</summary>
    public static bool Handles(MatMul instruction, in ProductRule rule) =>
        WeightPanels.CodeFor(rule) is not null
        && instruction.Accumulate == AccumulateMode.Overwrite
        && instruction.Result != MatMulResult.Leaf
        && (instruction.Result != MatMulResult.Integer || rule.Kind == ProductKind.IntegerWhole);

    /// <summary>y = x · wᵀ.</summary>
    public void Execute(MatMul instruction, WeightPanels weights, MatrixView x, MatrixView y)
    {
        _weights = weights;
        _x = x;
        _y = y;
        _result = instruction.Result;
        ReductionPlan plan = weights.Rule.Plan;
        int perLeaf = plan.BlocksPerLeaf * plan.Block;
        _leaves = (x.Columns.Count + perLeaf - 1) / perLeaf;
        int rows = x.Rows.Count;
        if (weights.Rule.Kind == ProductKind.FloatFold)
        {
            if (_rows.Length < rows)
                _rows = new nint[rows];
            bool plain = x.Format.Element == ElementType.F32;
            if (!plain)
                _activations.Require(4L * rows * x.Columns.Count);
            for (int i = 0; i < rows; i++)
            {
                _rows[i] = plain
                    ? (nint)Pointer(x.Floats(x.Rows.Start + i))
                    : (nint)((float*)_activations.Bytes + (long)i * x.Columns.Count);
                if (!plain)
                    x.Dequantise(x.Rows.Start + i, new Span<float>((float*)_rows[i], x.Columns.Count));
            }
        }
        else
        {
            int padded = (x.Columns.Count + WeightPanels.Step - 1) / WeightPanels.Step * WeightPanels.Step;
            // Per token: codes, then a scale and a sum for each block; one more sum over all of K.
            int stride = padded + (8 * weights.Groups + 63) / 64 * 64;
            _activations.Require((long)rows * stride);
            if (_tokens.Length < rows)
                _tokens = new IntegerPanels.Token[rows];
            for (int i = 0; i < rows; i++)
            {
                nint codes = (nint)(_activations.Bytes + (long)i * stride);
                _tokens[i] = new(codes, codes + padded, codes + padded + 4 * weights.Groups);
            }
            if (rows >= 32)
                _team.Run(_team.Size, _prepare);
            else
                PrepareRows(0, rows);
        }
        // Sharing out costs a microsecond or so: below that much work the caller does it alone.
        long work = (long)x.Columns.Count * weights.Rows * rows;
        _panelsPerItem = work < SharedWork ? weights.Panels : Math.Max(1, weights.Panels / (8 * _team.Size));
        _team.Run((weights.Panels + _panelsPerItem - 1) / _panelsPerItem, _multiply);
    }

    public void Dispose() => _activations.Dispose();

    public static float* Pointer(Span<float> row) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(row));

    private void Prepare(int item)
    {
        int rows = _x.Rows.Count;
        int size = (rows + _team.Size - 1) / _team.Size;
        PrepareRows(Math.Min(rows, item * size), Math.Min(rows, (item + 1) * size));
    }

    private void PrepareRows(int first, int end)
    {
        TensorLayout layout = _x.Layout;
        ReadOnlySpan<byte> bytes = _x.Bytes;
        int block = _weights.Rule.Kind == ProductKind.IntegerWhole ? _weights.Columns : _weights.Rule.Block;
        int from = _x.Columns.Start - _x.ColumnStart;
        int count = _x.Columns.Count;
        int group = layout.Format.GroupSize == 0 ? int.MaxValue : layout.Format.GroupSize;
        for (int i = first; i < end; i++)
        {
            int row = _x.Local(_x.Rows.Start + i);
            Span<sbyte> codes = new((sbyte*)_tokens[i].Codes, (count + WeightPanels.Step - 1) / WeightPanels.Step * WeightPanels.Step);
            MemoryMarshal.Cast<byte, sbyte>(bytes.Slice((int)((long)row * layout.RowBytes) + from, count)).CopyTo(codes);
            codes[count..].Clear();
            float* scales = (float*)_tokens[i].Scales;
            int* sums = (int*)_tokens[i].Sums;
            for (int b = 0; b < _weights.Groups; b++)
            {
                scales[b] = TensorCodec.ReadScale(layout, bytes, row, (from + b * block) / group);
                int last = Math.Min(codes.Length, (b + 1) * block + (WeightPanels.Step - 1));
                Vector256<int> sum = default;
                for (int k = b * block; k + WeightPanels.Step <= last; k += WeightPanels.Step)
                    sum = IntegerPanels.Dot(sum, Vector256.Create((byte)1), Vector256.Load((sbyte*)_tokens[i].Codes + k));
                sums[b] = Vector256.Sum(sum);
            }
        }
    }

    private void Multiply(int item)
    {
        int end = Math.Min(_weights.Panels, (item + 1) * _panelsPerItem);
        for (int panel = item * _panelsPerItem; panel < end; panel++)
        {
            switch (_weights.Code)
            {
                case WeightCode.Float:
                    Floats<SingleWeight>(panel);
                    break;
                case WeightCode.Half:
                    Floats<HalfWeight>(panel);
                    break;
                case WeightCode.BrainFloat:
                    Floats<BrainWeight>(panel);
                    break;
                case WeightCode.Eight:
                    Integers<EightBitCode>(panel);
                    break;
                case WeightCode.Four:
                    Integers<FourBitCode>(panel);
                    break;
                default:
                    Integers<TwoBitCode>(panel);
                    break;
            }
        }
    }

    private void Floats<TWeight>(int panel)
        where TWeight : IPanelFloat
    {
        float* spare = stackalloc float[4 * WeightPanels.PanelRows];
        float** outputs = stackalloc float*[4];
        float** inputs = stackalloc float*[4];
        int rows = _x.Rows.Count;
        int row = 0;
        for (; row + 4 <= rows; row += 4)
        {
            for (int i = 0; i < 4; i++)
            {
                inputs[i] = (float*)_rows[row + i];
                outputs[i] = Target(row + i, panel, spare + i * WeightPanels.PanelRows);
            }
            FloatPanels.Four<TWeight>(_weights, panel, inputs, _leaves, outputs);
            for (int i = 0; i < 4; i++)
                Place(row + i, panel, outputs[i], spare);
        }
        for (; row < rows; row++)
        {
            float* output = Target(row, panel, spare);
            FloatPanels.One<TWeight>(_weights, panel, (float*)_rows[row], _leaves, output);
            Place(row, panel, output, spare);
        }
    }

    private void Integers<TCode>(int panel)
        where TCode : IPanelCode
    {
        float* spare = stackalloc float[4 * WeightPanels.PanelRows];
        int* sums = stackalloc int[4 * WeightPanels.PanelRows];
        float** outputs = stackalloc float*[4];
        int** integers = stackalloc int*[4];
        IntegerPanels.Token* tokens = stackalloc IntegerPanels.Token[4];
        bool whole = _weights.Rule.Kind == ProductKind.IntegerWhole;
        int rows = _x.Rows.Count;
        int row = 0;
        for (; row + 4 <= rows; row += 4)
        {
            for (int i = 0; i < 4; i++)
            {
                tokens[i] = _tokens[row + i];
                outputs[i] = Target(row + i, panel, spare + i * WeightPanels.PanelRows);
                integers[i] = _result == MatMulResult.Integer ? (int*)outputs[i] : sums + i * WeightPanels.PanelRows;
            }
            if (whole)
                IntegerPanels.WholeFour<TCode>(_weights, panel, tokens, integers);
            else
                IntegerPanels.Four<TCode>(_weights, panel, tokens, _leaves, outputs);
            for (int i = 0; i < 4; i++)
            {
                if (whole && _result != MatMulResult.Integer)
                    IntegerPanels.Finish(_weights, panel, tokens[i], integers[i], outputs[i]);
                Place(row + i, panel, outputs[i], spare);
            }
        }
        for (; row < rows; row++)
        {
            float* output = Target(row, panel, spare);
            if (whole)
            {
                int* integer = _result == MatMulResult.Integer ? (int*)output : sums;
                IntegerPanels.Whole<TCode>(_weights, panel, _tokens[row], integer);
                if (_result != MatMulResult.Integer)
                    IntegerPanels.Finish(_weights, panel, _tokens[row], integer, output);
            }
            else
            {
                IntegerPanels.One<TCode>(_weights, panel, _tokens[row], _leaves, output);
            }
            Place(row, panel, output, spare);
        }
    }

    /// <summary>Where a panel's results go: their place, or a spare row where the last panel is not full.</summary>
    private float* Target(int row, int panel, float* spare) =>
        (panel + 1) * WeightPanels.PanelRows <= _weights.Rows ? Output(row) + panel * WeightPanels.PanelRows : spare;

    private void Place(int row, int panel, float* output, float* spare)
    {
        if (output < spare || output >= spare + 4 * WeightPanels.PanelRows)
            return;
        int count = _weights.Rows - panel * WeightPanels.PanelRows;
        new Span<float>(output, count).CopyTo(new Span<float>(Output(row) + panel * WeightPanels.PanelRows, count));
    }

    private float* Output(int row) =>
        (float*)(_y.First + (long)_y.Local(_y.Rows.Start + row) * _y.Layout.RowBytes) + (_y.Columns.Start - _y.ColumnStart);
}
