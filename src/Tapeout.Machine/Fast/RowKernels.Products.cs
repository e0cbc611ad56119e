using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <content>Integer sums over a part of K, which ranks add up before they are finished.</content>
internal sealed unsafe partial class RowKernels
{
    /// <summary>Rows of weights that a thread takes at once.</summary>
    private const int WeightRows = 32;

    private ProductRule _rule;
    private int _weightRows;

    /// <summary>y = Σ codes · codes as int32: rows of weights are shared out, each a dot product of two rows of codes.</summary>
    private bool TryMultiplyIntegers(RoleMemory memory, in ExecutionPoint point, MatMul instruction)
    {
        if (instruction.Result != MatMulResult.Integer)
            return false;
        _first = memory.View(point, instruction.X); // int8 [T, K]
        _second = memory.View(point, instruction.W); // [N, K]
        _destination = memory.View(point, instruction.Y); // i32 [T, N]
        if (_destination.IsEmpty || _first.IsEmpty || _second.IsEmpty)
            return true;
        if (
            _first.Columns != _second.Columns
            || _first.Rows.Count != _destination.Rows.Count
            || _second.Rows.Count != _destination.Columns.Count
            || _destination.Format.Element != ElementType.I32
            || !ProductRule.TryFor(_second.Format, _first.Format, instruction.PlanLength, out _rule)
            || _rule.Kind != ProductKind.IntegerWhole
            || instruction.PlanBlock != 0
        )
            return false;
        _weightRows = _second.Rows.Count;
        bool starts = Semantics.StartsAccumulator(instruction, point);
        Run(
            point,
            (_weightRows + WeightRows - 1) / WeightRows,
            starts ? static (k, i) => k.MultiplyRows(i, true) : static (k, i) => k.MultiplyRows(i, false)
        );
        return true;
    }

    private void MultiplyRows(int item, bool starts)
    {
        int first = item * WeightRows;
        int end = Math.Min(first + WeightRows, _weightRows);
        PackedMatrix w = _second.Packed;
        PackedMatrix x = _first.Packed;
        AxisRange k = _first.Columns;
        for (int token = 0; token < _first.Rows.Count; token++)
        {
            Span<int> sums = _destination.Integers(_destination.Rows.Start + token);
            int t = _first.Local(_first.Rows.Start + token);
            for (int n = first; n < end; n++)
            {
                int row = _second.Local(_second.Rows.Start + n);
                sums[n] = Products.AccumulateInteger(_rule, w, row, x, t, k.Start, k.Count, starts ? 0 : sums[n]);
            }
        }
    }

    private bool TryFinish(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, Finish instruction)
    {
        _first = memory.View(point, instruction.Accumulator); // i32 [T, N]
        _second = memory.View(point, instruction.X); // [T, K], K whole
        _third = memory.View(point, instruction.W); // [N, any part of K]
        _destination = memory.View(point, instruction.Destination); // f32 [T, N]
        if (_destination.IsEmpty)
            return true;
        if (
            !SameShape(_first, _destination)
            || _second.Rows.Count != _destination.Rows.Count
            || _third.Rows.Count != _destination.Columns.Count
            || _first.Format.Element != ElementType.I32
            || !ProductRule.TryFor(_third.Format, _second.Format, _second.Columns.Count, out _rule)
            || _rule.Kind != ProductKind.IntegerWhole
        )
            return false;
        Run(
            point,
            static (k, i) =>
            {
                PackedMatrix x = k._second.Packed;
                int t = k._second.Local(k._second.Rows.Start + i);
                int sum =
                    k._rule.Weight.Offset == OffsetKind.Minimum
                        ? Products.SumActivations(k._rule, x, t, k._second.Columns.Start, k._second.Columns.Count)
                        : 0;
                float scale = TensorCodec.ReadScale(x.Layout, x.Bytes, t, 0);
                ReadOnlySpan<int> sums = k._first.Integers(k._first.Rows.Start + i);
                FinishedSums.Finish(k._third.Packed, k._third.Local(k._third.Rows.Start), scale, sum, sums, Row(k._destination, i));
            },
            machine
        );
        return true;
    }
}
