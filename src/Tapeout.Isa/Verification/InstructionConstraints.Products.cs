using Tapeout.Numerics;

namespace Tapeout.Isa;

/// <content>Matrix products.</content>
internal sealed partial class InstructionConstraints
{
    public bool Visit(Install instruction)
    {
        TapeBuffer slot = BufferOf(instruction.Slot);
        return Holds(1, slot.Space == Space.Array, $"'{slot.Name}' is in {slot.Space}, but weights are installed in an array")
            & Holds(
                2,
                slot.Format == FormatOf(instruction.Source),
                $"source and array are {FormatOf(instruction.Source)} and {slot.Format}, but they must have the same format"
            )
            & SameShape(2, instruction.Source, instruction.Slot, "source and array")
            & (
                chips is null
                || Everywhere(() =>
                {
                    CornerRegion r = At(instruction.Slot);
                    return Holds(
                        3,
                        r.Rows.Count <= chips.ArrayColumns && r.Columns.Count <= chips.ArrayRows,
                        $"a block of {r.Rows.Count} channels and {r.Columns.Count} of K does not fit an array of {chips.ArrayColumns} columns and {chips.ArrayRows} rows"
                    );
                })
            );
    }

    public bool Visit(MatMul instruction)
    {
        NumberFormat w = FormatOf(instruction.W);
        NumberFormat x = FormatOf(instruction.X);
        bool isInteger = instruction.Result == MatMulResult.Integer;
        bool isAccumulator = isInteger || instruction.Result == MatMulResult.Leaf;
        bool isContinued = instruction.Accumulate != AccumulateMode.Overwrite;
        bool namesLevels = instruction.Accumulate != AccumulateMode.ContinueAfterFirst || instruction.FirstLevels is >= 1 and <= 15;
        bool isPair = ProductRule.TryFor(w, x, 1, out _, out string reason);
        bool isRight =
            Holds(
                1,
                isPair && (chips is null || chips.Accepts(w, x)),
                isPair ? $"the chip does not multiply {w} by {x}" : reason.TrimEnd('.')
            )
            & Holds(
                4,
                FormatOf(instruction.Y) == (isInteger ? NumberFormat.I32 : NumberFormat.F32),
                $"Y is {FormatOf(instruction.Y)}, but {instruction.Result} needs {(isInteger ? NumberFormat.I32 : NumberFormat.F32)}"
            )
            & Holds(4, !isContinued || isAccumulator, $"{instruction.Result} is continued, but only Leaf and Integer are")
            & Holds(4, namesLevels, $"FirstLevels is {instruction.FirstLevels}, which names no loop level")
            & Everywhere(() => ProductShapes(instruction));
        if (!isPair)
            return false;
        if (!ProductRule.TryFor(w, x, instruction.PlanLength, out ProductRule rule, out reason))
            return Holds(instruction.PlanLength < 1 ? 3 : 5, false, reason.TrimEnd('.'));
        int block = rule.Kind == ProductKind.IntegerWhole ? 0 : rule.Block;
        return isRight
            & Holds(
                3,
                rule.Kind == ProductKind.IntegerWhole ? isInteger || instruction.Result == MatMulResult.Final : !isInteger,
                $"the result is {instruction.Result}, but {w} × {x} {(rule.Kind == ProductKind.IntegerWhole ? "has one scale over all of K and stays an integer to its end" : "does not have one scale over all of K")}"
            )
            & Holds(6, instruction.PlanBlock == block, $"PlanBlock is {instruction.PlanBlock}, but that of {w} × {x} is {block}")
            & Everywhere(() => ProductDepth(instruction, rule));
    }

    private bool ProductShapes(MatMul instruction)
    {
        CornerRegion x = At(instruction.X);
        CornerRegion w = At(instruction.W);
        CornerRegion y = At(instruction.Y);
        bool isEmpty = x.IsEmpty || w.IsEmpty || y.IsEmpty;
        return Holds(
            2,
            isEmpty || (x.Columns == w.Columns && y.HasRowsOf(x) && y.Columns == w.Rows),
            $"X is {x.Shape}, W {w.Shape} and Y {y.Shape}{Where()}, or their ranges differ: K of X and W, rows of X and Y, rows of W and columns of Y must be the same"
        );
    }

    private bool ProductDepth(MatMul instruction, ProductRule rule)
    {
        CornerRegion x = At(instruction.X);
        CornerRegion w = At(instruction.W);
        if (x.IsEmpty || w.IsEmpty)
            return true;
        AxisRange k = x.Columns;
        ReductionPlan plan = rule.Plan;
        int perLeaf = plan.BlocksPerLeaf * plan.Block;
        bool isRight = k.End <= rule.Length;
        if (instruction.Result == MatMulResult.Final)
        {
            isRight = k.Start == 0 && k.Count == rule.Length;
        }
        else if (instruction.Result == MatMulResult.Node)
        {
            int first = k.Start / perLeaf;
            int count = (int)(((long)k.Count + perLeaf - 1) / perLeaf);
            isRight =
                isRight
                && int.IsPow2(count)
                && first % count == 0
                && first + count <= plan.Leaves
                && plan.LeafStart(first) == k.Start
                && plan.LeafStart(first + count) == k.End;
        }
        else if (instruction.Result == MatMulResult.Leaf)
        {
            isRight =
                isRight
                && k.Start % plan.Block == 0
                && (k.End % plan.Block == 0 || k.End == rule.Length)
                && k.Start / perLeaf == (k.End - 1) / perLeaf;
        }
        return Holds(
            3,
            isRight,
            $"K is {k.Start} to {k.End} of {rule.Length}{Where()}, which is not what {instruction.Result} needs with a plan of {plan.Leaves} leaves of {perLeaf}"
        );
    }

    public bool Visit(Combine instruction) =>
        Stacked(1, instruction.Leaves, instruction.Count, "leaves")
        & Has(2, instruction.Leaves, NumberFormat.F32, "the source")
        & Has(2, instruction.Destination, NumberFormat.F32, "the destination")
        & SameShape(2, instruction.Leaves, instruction.Destination, "leaves and destination");

    public bool Visit(Finish instruction)
    {
        NumberFormat w = FormatOf(instruction.W);
        NumberFormat x = FormatOf(instruction.X);
        return Has(1, instruction.Accumulator, NumberFormat.I32, "the accumulator")
            & Has(1, instruction.Destination, NumberFormat.F32, "the destination")
            & SameShape(1, instruction.Accumulator, instruction.Destination, "accumulator and destination")
            & Holds(
                2,
                w.IsQuantised && x.IsQuantised && w.GroupSize == 0 && x.GroupSize == 0 && ProductRule.TryFor(w, x, 1, out _),
                $"W is {w} and X {x}, but both need one scale over all of K"
            )
            & Everywhere(() =>
            {
                CornerRegion y = At(instruction.Destination);
                CornerRegion activations = At(instruction.X);
                CornerRegion weights = At(instruction.W);
                return InRegion(
                    y.IsEmpty
                        || (
                            activations.HasRowsOf(y)
                            && weights.Rows.Count == y.Columns.Count
                            && !activations.IsEmpty
                            && ProductRule.TryFor(w, x, activations.Columns.Count, out _)
                        ),
                    $"X is {activations.Shape}, W {weights.Shape} and the destination {y.Shape}{Where()}: they are not parts of one product"
                );
            });
    }
}
