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
internal sealed partial class RowKernels
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
            AbsMax absMax => TryAbsMax(memory, point, absMax),
            Quantise quantise => TryQuantise(memory, point, quantise),
            Dequantise dequantise => TryDequantise(memory, point, dequantise),
            Copy copy => TryCopy(memory, point, copy.Source, copy.Destination),
            Install install => TryCopy(memory, point, install.Source, install.Slot),
            Gather gather => TryGather(memory, point, gather),
            KvAppend append => TryAppend(memory, point, append),
            PageCopy copy => TryCopyPages(memory, point, copy),
            MatMul product => TryMultiplyIntegers(memory, point, product),
            Combine combine => TryCombine(machine, memory, point, combine),
            Finish finish => TryFinish(machine, memory, point, finish),
            Exchange exchange => TryExchange(memory, point, exchange),
            AllToAll exchange => TryAllToAll(memory, point, exchange),
            Reduce reduce => TryReduce(memory, point, reduce),
            ReduceScatter reduce => TryReduceScatter(memory, point, reduce),
            Merge merge => TryMerge(machine, memory, point, merge),
            Route route => TryRoute(machine, memory, point, route),
            Permute permute => TryPermute(memory, point, permute),
            Mix mix => TryMix(machine, memory, point, mix),
            TopK top => TryTopK(memory, point, top),
            Sample sample => TrySample(memory, point, sample),
            HostIn input => TakeIdentifiers(memory, point, input),
            HostOut output => HandOver(machine, memory, point, output),
            _ => false,
        };

    private bool TryBinary(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, Binary instruction)
    {
        _first = memory.View(point, instruction.Left);
        _second = memory.View(point, instruction.Right);
        _destination = memory.View(point, instruction.Destination);
        if (_destination.IsEmpty)
            return true;
        if (!SameShape(_first, _destination) || !SameShape(_second, _destination) || !Enum.IsDefined(instruction.Function))
            return false;
        Run(point, static (k, i) => k.BinaryRow((Binary)k._point.Instance.Instruction, i), machine);
        return true;
    }

    private bool TryUnary(RoleMemory memory, in ExecutionPoint point, Unary instruction)
    {
        _first = memory.View(point, instruction.Source);
        _destination = memory.View(point, instruction.Destination);
        if (_destination.IsEmpty)
            return true;
        if (!SameShape(_first, _destination) || !Enum.IsDefined(instruction.Function))
            return false;
        Run(point, static (k, i) => k.UnaryRow((Unary)k._point.Instance.Instruction, i));
        return true;
    }

    private bool TryNormSum(RoleMemory memory, in ExecutionPoint point, NormSum instruction)
    {
        _first = memory.View(point, instruction.Source);
        _destination = memory.View(point, instruction.Destination);
        if (_destination.IsEmpty)
            return true;
        if (_first.IsEmpty || _first.Rows.Count != _destination.Rows.Count)
            return false;
        Run(
            point,
            static (k, i) =>
            {
                ReadOnlySpan<float> x = Row(k._first, i);
                ReductionPlan plan = new(x.Length, ReductionPlan.DefaultBlock);
                bool squares = ((NormSum)k._point.Instance.Instruction).Kind == NormSumKind.SumOfSquares;
                Row(k._destination, i)[0] = squares ? RowFunctions.SumOfSquares(x, plan) : RowFunctions.Sum(x, plan);
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
        if (_destination.IsEmpty)
            return true;
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
        if (_destination.IsEmpty)
            return true;
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
        if (_destination.IsEmpty)
            return true;
        if (!SameShape(_first, _destination))
            return false;
        Run(point, static (k, i) => RowFunctions.Softmax(Row(k._first, i), Row(k._destination, i)));
        return true;
    }

    private bool TryAbsMax(RoleMemory memory, in ExecutionPoint point, AbsMax instruction)
    {
        _first = memory.View(point, instruction.Source); // f32 [T, C]
        _destination = memory.View(point, instruction.Destination); // f32 [T, 1]
        if (_destination.IsEmpty)
            return true;
        if (_first.Rows.Count != _destination.Rows.Count)
            return false;
        Run(point, static (k, i) => Row(k._destination, i)[0] = k._first.IsEmpty ? 0 : RowFunctions.LargestMagnitude(Row(k._first, i)));
        return true;
    }

    private bool TryQuantise(RoleMemory memory, in ExecutionPoint point, Quantise instruction)
    {
        _first = memory.View(point, instruction.Source); // f32 [T, C]
        _destination = memory.View(point, instruction.Destination); // [T, C]
        if (_destination.IsEmpty)
            return true;
        bool given = instruction.AbsoluteMaximum >= 0;
        bool whole = !given && _destination.Columns.Count == _destination.Layout.Columns;
        if (!SameShape(_first, _destination) || _destination.Format.Granularity == ScaleGranularity.Tensor)
            return false;
        if (!whole && !TensorCodec.HasParts(_destination.Format))
            return false;
        if (given)
        {
            _second = memory.View(point, instruction.AbsoluteMaximum); // f32 [T, 1]
            if (_second.Rows.Count != _first.Rows.Count || _second.IsEmpty || _destination.Format.Granularity == ScaleGranularity.Group)
                return false;
        }
        // Rows that are whole in their buffer are packed in place, whatever the format.
        Run(
            point,
            whole ? static (k, i) => TensorCodec.QuantiseRow(k._destination.Layout, Row(k._first, i), k._destination.Bytes, k.LocalRow(i))
                : given ? static (k, i) => k.QuantisePart(i, Row(k._second, i)[0])
                : static (k, i) => k.QuantisePart(i, null)
        );
        return true;
    }

    private void QuantisePart(int row, float? maximum) =>
        TensorCodec.QuantisePart(
            _destination.Layout,
            Row(_first, row),
            _destination.Bytes,
            LocalRow(row),
            _destination.Columns.Start - _destination.ColumnStart,
            maximum
        );

    private int LocalRow(int row) => _destination.Local(_destination.Rows.Start + row);

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
