using System.Runtime.CompilerServices;
using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <summary>
/// Functions of rows as vector code; rows are shared out to the team where there is enough work. Wrong operands are left to the reference machine, which says
/// what is wrong with them.
/// </summary>
internal sealed class RowKernels
{
    /// <summary>Elements from which on sharing pays, at a nanosecond each.</summary>
    private const long SharedElements = 16_384;

    private readonly WorkerTeam _team;
    private readonly Action<int> _part;
    private readonly RotationTable _rotations = new();
    private RowFunction _function = null!;
    private ExecutionPoint _point;
    private MatrixView _first;
    private MatrixView _second;
    private MatrixView _third;
    private MatrixView _destination;
    private int _rowsAtOnce;
    private int _rowCount;
    private long _pageBytes;
    private bool _traps;
    private volatile bool _isFinite;

    public RowKernels(WorkerTeam team)
    {
        _team = team;
        _part = Part;
    }

    /// <summary>One row of the instruction; <paramref name="row"/> counts from 0.</summary>
    private delegate void RowFunction(RowKernels kernels, int row);

    public bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point) =>
        point.Instance.Instruction switch
        {
            Binary binary => TryBinary(machine, memory, point, binary),
            Unary unary => TryUnary(memory, point, unary),
            NormSum sum => TryNormSum(memory, point, sum),
            Norm norm => TryNorm(machine, memory, point, norm),
            Rotate rotate => TryRotate(memory, point, rotate),
            Softmax softmax => TrySoftmax(memory, point, softmax),
            Quantise quantise => TryQuantise(memory, point, quantise),
            Copy copy => TryCopy(memory, point, copy),
            KvAppend append => TryAppend(memory, point, append),
            _ => false,
        };

    private bool TryBinary(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, Binary instruction)
    {
        _first = memory.View(point, instruction.Left);
        _second = memory.View(point, instruction.Right);
        _destination = memory.View(point, instruction.Destination);
        if (!SameShape(_first, _destination) || !SameShape(_second, _destination) || !Enum.IsDefined(instruction.Function))
            return false;
        Run(point, static (k, i) => k.BinaryRow((Binary)k._point.Instance.Instruction, i), machine);
        return true;
    }

    private bool TryUnary(RoleMemory memory, in ExecutionPoint point, Unary instruction)
    {
        _first = memory.View(point, instruction.Source);
        _destination = memory.View(point, instruction.Destination);
        if (!SameShape(_first, _destination) || !Enum.IsDefined(instruction.Function))
            return false;
        Run(point, static (k, i) => k.UnaryRow((Unary)k._point.Instance.Instruction, i));
        return true;
    }

    private bool TryNormSum(RoleMemory memory, in ExecutionPoint point, NormSum instruction)
    {
        _first = memory.View(point, instruction.Source);
        _destination = memory.View(point, instruction.Destination);
        if (instruction.Kind != NormSumKind.SumOfSquares || _destination.IsEmpty || _first.Rows.Count != _destination.Rows.Count)
            return false;
        Run(
            point,
            static (k, i) =>
            {
                ReadOnlySpan<float> x = Row(k._first, i);
                Row(k._destination, i)[0] = RowFunctions.SumOfSquares(x, new(x.Length, ReductionPlan.DefaultBlock));
            }
        );
        return true;
    }

    private bool TryNorm(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, Norm instruction)
    {
        _first = memory.View(point, instruction.Source);
        _second = memory.View(point, instruction.Sums);
        _third = memory.View(point, instruction.Gamma);
        _destination = memory.View(point, instruction.Destination);
        if (
            !SameShape(_first, _destination)
            || _second.Rows.Count != _first.Rows.Count
            || _third.IsEmpty
            || _third.Columns.Count < _first.Columns.Count
        )
            return false;
        Run(
            point,
            static (k, i) =>
            {
                Norm norm = (Norm)k._point.Instance.Instruction;
                float factor = Elementary.ReciprocalSquareRoot(Row(k._second, i)[0] / norm.Width + norm.Epsilon);
                RowFunctions.Norm(Row(k._first, i), factor, Row(k._third, 0), Row(k._destination, i));
            },
            machine
        );
        return true;
    }

    private bool TryRotate(RoleMemory memory, in ExecutionPoint point, Rotate instruction)
    {
        _first = memory.View(point, instruction.Source);
        _destination = memory.View(point, instruction.Destination);
        MatrixView phases = memory.View(point, instruction.Phases); // i32 [1, rotary dimensions]
        int d = instruction.HeadDimension;
        if (!SameShape(_first, _destination) || _destination.Columns.Count % d != 0 || instruction.RotaryDimensions > d || phases.IsEmpty)
            return false;
        _rotations.Prepare(point.Step, _first.Rows, phases.Integers(phases.Rows.Start), instruction);
        Run(
            point,
            static (k, i) =>
            {
                Rotate rotate = (Rotate)k._point.Instance.Instruction;
                Span<float> y = Row(k._destination, i);
                Row(k._first, i).CopyTo(y);
                for (int head = 0; head < y.Length; head += rotate.HeadDimension)
                {
                    RowFunctions.Rotate(
                        y.Slice(head, rotate.RotaryDimensions / 2 * 2),
                        k._rotations.Cosines(i),
                        k._rotations.Sines(i),
                        rotate.Pairing == RopePairing.Interleaved
                    );
                }
            }
        );
        return true;
    }

    private bool TrySoftmax(RoleMemory memory, in ExecutionPoint point, Softmax instruction)
    {
        _first = memory.View(point, instruction.Source);
        _destination = memory.View(point, instruction.Destination);
        if (!SameShape(_first, _destination))
            return false;
        Run(point, static (k, i) => RowFunctions.Softmax(Row(k._first, i), Row(k._destination, i)));
        return true;
    }

    private bool TryQuantise(RoleMemory memory, in ExecutionPoint point, Quantise instruction)
    {
        _first = memory.View(point, instruction.Source);
        _destination = memory.View(point, instruction.Destination);
        // Rows that are whole in their buffer are packed in place.
        if (
            instruction.AbsoluteMaximum >= 0
            || !SameShape(_first, _destination)
            || _destination.Columns.Count != _destination.Layout.Columns
            || _destination.Format.Granularity == ScaleGranularity.Tensor
        )
            return false;
        Run(
            point,
            static (k, i) =>
                TensorCodec.QuantiseRow(
                    k._destination.Layout,
                    Row(k._first, i),
                    k._destination.Bytes,
                    k._destination.Local(k._destination.Rows.Start + i)
                )
        );
        return true;
    }

    private bool TryCopy(RoleMemory memory, in ExecutionPoint point, Copy instruction)
    {
        _first = memory.View(point, instruction.Source);
        _destination = memory.View(point, instruction.Destination);
        // A scale for all of a tensor would be written by every row; regions that overlap are copied from the first row on.
        if (
            !SameShape(_first, _destination)
            || _first.Format != _destination.Format
            || _destination.Format.Granularity == ScaleGranularity.Tensor
            || _first.Overlaps(_destination)
        )
            return false;
        Run(point, static (k, i) => MatrixView.CopyRow(k._first, k._first.Rows.Start + i, k._destination, k._destination.Rows.Start + i));
        return true;
    }

    private bool TryAppend(RoleMemory memory, in ExecutionPoint point, KvAppend instruction)
    {
        _first = memory.View(point, instruction.Source); // f32 [tokens, heads · d]
        _destination = memory.View(point, instruction.Cache); // [heads · 64, d] of page 0
        int pages = memory.Pages(point, instruction.Cache, out _pageBytes);
        int d = instruction.HeadDimension;
        if (
            _first.IsEmpty
            || _destination.IsEmpty
            || _destination.Columns != new AxisRange(0, d)
            || _first.Columns.Count != _destination.Rows.Count / Envelope.PageSize * d
            || _destination.Format.Granularity == ScaleGranularity.Tensor
        )
            return false;
        Step step = point.Step;
        for (int token = _first.Rows.Start; token < _first.Rows.End; token++)
        {
            if ((uint)PageOf(step, step.Tokens[token]) >= (uint)pages)
                return false;
        }
        Run(
            point,
            _first.Rows.Count,
            static (k, i) =>
            {
                TokenRow token = k._point.Step.Tokens[k._first.Rows.Start + i];
                MatrixView page = k._destination.Offset(PageOf(k._point.Step, token) * k._pageBytes);
                ReadOnlySpan<float> values = Row(k._first, i);
                int d = page.Columns.Count;
                for (int head = 0; head * d < values.Length; head++)
                {
                    int slot = page.Rows.Start + head * Envelope.PageSize + token.Position % Envelope.PageSize;
                    TensorCodec.QuantiseRow(page.Layout, values.Slice(head * d, d), page.Bytes, page.Local(slot));
                }
            }
        );
        return true;
    }

    private static int PageOf(Step step, in TokenRow token) => step.Sequences[token.Sequence].Pages[token.Position / Envelope.PageSize];

    private void BinaryRow(Binary instruction, int row)
    {
        ReadOnlySpan<float> x = Row(_first, row);
        ReadOnlySpan<float> y = Row(_second, row);
        Span<float> z = Row(_destination, row);
        switch (instruction.Function)
        {
            case BinaryFunction.Add:
                RowFunctions.Add(x, y, z);
                break;
            case BinaryFunction.Multiply:
                RowFunctions.Multiply(x, y, z);
                break;
            case BinaryFunction.SiluMultiply:
                RowFunctions.SiluMultiply(x, y, z);
                break;
            case BinaryFunction.GeluTanhMultiply:
                RowFunctions.GeluTanhMultiply(x, y, z);
                break;
            case BinaryFunction.GeluErfMultiply:
                RowFunctions.GeluErfMultiply(x, y, z);
                break;
            case BinaryFunction.ReluMultiply:
                RowFunctions.ReluMultiply(x, y, z);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"{instruction.Function} was tested for");
        }
    }

    private void UnaryRow(Unary instruction, int row)
    {
        ReadOnlySpan<float> x = Row(_first, row);
        Span<float> y = Row(_destination, row);
        switch (instruction.Function)
        {
            case UnaryFunction.Silu:
                RowFunctions.Silu(x, y);
                break;
            case UnaryFunction.GeluTanh:
                RowFunctions.GeluTanh(x, y);
                break;
            case UnaryFunction.GeluErf:
                RowFunctions.GeluErf(x, y);
                break;
            case UnaryFunction.Relu:
                RowFunctions.Relu(x, y);
                break;
            case UnaryFunction.Scale:
                RowFunctions.Scale(x, y, instruction.Parameter);
                break;
            case UnaryFunction.Softcap:
                RowFunctions.Softcap(x, y, instruction.Parameter);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"{instruction.Function} was tested for");
        }
    }

    private static bool SameShape(in MatrixView source, in MatrixView destination) =>
        !destination.IsEmpty && source.Rows.Count == destination.Rows.Count && source.Columns.Count == destination.Columns.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Span<float> Row(in MatrixView view, int row) => view.Floats(view.Rows.Start + row);

    /// <summary>Calls a function for every row; what it writes has to be finite if a machine is given, which then says where it is not.</summary>
    private void Run(in ExecutionPoint point, RowFunction function, ReferenceMachine? trapping = null) =>
        Run(point, _destination.Rows.Count, function, trapping);

    private void Run(in ExecutionPoint point, int rows, RowFunction function, ReferenceMachine? trapping = null)
    {
        _point = point;
        _traps = trapping is not null;
        _isFinite = true;
        _function = function;
        _rowCount = rows;
        long elements = (long)_rowCount * _first.Columns.Count;
        _rowsAtOnce = elements < SharedElements ? _rowCount : Math.Max(1, _rowCount / (4 * _team.Size));
        _team.Run((_rowCount + _rowsAtOnce - 1) / _rowsAtOnce, _part);
        if (!_isFinite)
            Semantics.RequireFinite(trapping!.Tape, point, _destination);
    }

    private void Part(int item)
    {
        int end = Math.Min((item + 1) * _rowsAtOnce, _rowCount);
        for (int row = item * _rowsAtOnce; row < end; row++)
        {
            _function(this, row);
            if (_traps && !TensorCodec.AreFinite(Row(_destination, row)))
                _isFinite = false;
        }
    }
}
