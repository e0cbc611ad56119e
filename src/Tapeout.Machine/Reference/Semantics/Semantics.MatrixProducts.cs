using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine.Reference;

/// <content>Matrix products.</content>
internal sealed partial class Semantics
{
    public Nothing Visit(Install instruction)
    {
        CopyWhole(View(instruction.Source), View(instruction.Slot)); // [N, K]
        return default;
    }

    public Nothing Visit(MatMul instruction)
    {
        MatrixView x = View(instruction.X); // [T, K]
        MatrixView w = View(instruction.W); // [N, K]
        MatrixView y = View(instruction.Y); // f32 or i32 [T, N]
        if (y.IsEmpty || x.IsEmpty || w.IsEmpty)
            return default;
        if (x.Columns != w.Columns || x.Rows.Count != y.Rows.Count || w.Rows.Count != y.Columns.Count)
            throw Fault("the activations, weights and results do not fit each other");
        ProductRule rule = ProductRule.For(w.Format, x.Format, instruction.PlanLength);
        bool integer = instruction.Result == MatMulResult.Integer;
        if (instruction.PlanBlock != (rule.Kind == ProductKind.IntegerWhole ? 0 : rule.Block))
            throw Fault($"the plan's block is {instruction.PlanBlock}, but that of {w.Format} × {x.Format} is another");
        AxisRange k = x.Columns;
        bool start = StartsAccumulator(instruction, point);
        (int first, int count) = PlanRange(instruction.Result, rule, k); // leaves of a node, blocks of a leaf
        InParts(
            w.Rows.Count,
            8,
            (long)w.Rows.Count * k.Count * x.Rows.Count,
            (part, partCount) =>
            {
                for (int done = part; done < part + partCount; done += 64)
                {
                    int n = Math.Min(64, part + partCount - done);
                    int wRow = w.Local(w.Rows.Start) + done;
                    for (int i = 0; i < x.Rows.Count; i++)
                    {
                        int t = x.Local(x.Rows.Start + i);
                        int yRow = y.Rows.Start + i;
                        if (integer)
                        {
                            Span<int> sums = y.Integers(yRow).Slice(done, n);
                            for (int j = 0; j < n; j++)
                            {
                                int sum = start ? 0 : sums[j];
                                sums[j] = Products.AccumulateInteger(rule, w.Packed, wRow + j, x.Packed, t, k.Start, k.Count, sum);
                            }
                            continue;
                        }
                        Span<float> output = y.Floats(yRow).Slice(done, n);
                        switch (instruction.Result)
                        {
                            case MatMulResult.Final:
                                Products.FullRows(rule, w.Packed, wRow, n, x.Packed, t, output);
                                break;
                            case MatMulResult.Node:
                                Products.FoldLeavesRows(rule, w.Packed, wRow, n, x.Packed, t, first, count, output);
                                break;
                            default:
                                if (start)
                                    output.Clear();
                                Products.ChainRows(rule, w.Packed, wRow, n, x.Packed, t, first, count, output);
                                break;
                        }
                    }
                }
            }
        );
        if (!integer)
            RequireFinite(y);
        return default;
    }

    public Nothing Visit(Combine instruction)
    {
        MatrixView destination = View(instruction.Destination); // f32 [T, N]
        if (destination.IsEmpty)
            return default;
        MatrixView[] leaves = new MatrixView[instruction.Count]; // each f32 [T, N]
        for (int leaf = 0; leaf < leaves.Length; leaf++)
        {
            leaves[leaf] = View(instruction.Leaves, leaf);
            RequireShape(leaves[leaf], destination);
        }
        float[] nodes = new float[leaves.Length];
        for (int i = 0; i < destination.Rows.Count; i++)
        {
            Span<float> output = destination.Floats(destination.Rows.Start + i);
            for (int n = 0; n < output.Length; n++)
            {
                for (int leaf = 0; leaf < nodes.Length; leaf++)
                    nodes[leaf] = leaves[leaf].Floats(leaves[leaf].Rows.Start + i)[n];
                output[n] = Sums.FoldTree(nodes);
            }
        }
        RequireFinite(destination);
        return default;
    }

    public Nothing Visit(Finish instruction)
    {
        MatrixView accumulator = View(instruction.Accumulator); // i32 [T, N]
        MatrixView x = View(instruction.X); // [T, K], K whole
        MatrixView w = View(instruction.W); // [N, any part of K]
        MatrixView destination = View(instruction.Destination); // f32 [T, N]
        if (destination.IsEmpty)
            return default;
        RequireShape(accumulator, destination);
        if (x.Rows.Count != destination.Rows.Count || w.Rows.Count != destination.Columns.Count)
            throw Fault("the activations, weights and results do not fit each other");
        int length = x.Columns.Count;
        ProductRule rule = ProductRule.For(w.Format, x.Format, length);
        for (int i = 0; i < destination.Rows.Count; i++)
        {
            ReadOnlySpan<int> sums = accumulator.Integers(accumulator.Rows.Start + i);
            Span<float> output = destination.Floats(destination.Rows.Start + i);
            int t = x.Local(x.Rows.Start + i);
            int sum = w.Format.Offset == OffsetKind.Minimum ? Products.SumActivations(rule, x.Packed, t, x.Columns.Start, length) : 0;
            for (int n = 0; n < output.Length; n++)
                output[n] = Products.FinishInteger(rule, w.Packed, w.Local(w.Rows.Start + n), x.Packed, t, sums[n], sum);
        }
        RequireFinite(destination);
        return default;
    }

    /// <summary>True if the product starts its sums anew, false if it adds to what is there.</summary>
    public static bool StartsAccumulator(MatMul instruction, in ExecutionPoint point)
    {
        if (instruction.Accumulate != AccumulateMode.ContinueAfterFirst)
            return instruction.Accumulate == AccumulateMode.Overwrite;
        for (int level = 0; level < LoopIndices.Levels; level++)
        {
            if ((instruction.FirstLevels >> level & 1) != 0 && point.Instance.Loops[level] != 0)
                return false;
        }
        return true;
    }

    /// <summary>The leaves (Node) or blocks (Leaf) of the plan that a range of K covers exactly.</summary>
    private (int First, int Count) PlanRange(MatMulResult result, in ProductRule rule, AxisRange k)
    {
        ReductionPlan plan = rule.Plan;
        switch (result)
        {
            case MatMulResult.Final:
                if (k.Start != 0 || k.Count != rule.Length)
                    throw Fault($"a final product needs all {rule.Length} terms of K, not {k.Start} to {k.End}");
                return (0, plan.Leaves);
            case MatMulResult.Node:
                int perLeaf = plan.BlocksPerLeaf * plan.Block;
                int leaf = k.Start / perLeaf;
                int leaves = (k.Count + perLeaf - 1) / perLeaf;
                if (plan.LeafStart(leaf) != k.Start || leaf + leaves > plan.Leaves || plan.LeafStart(leaf + leaves) != k.End)
                    throw Fault($"terms {k.Start} to {k.End} of K are no node of a plan of {plan.Leaves} leaves");
                return (leaf, leaves);
            case MatMulResult.Leaf:
                if (k.Start % plan.Block != 0 || (k.End % plan.Block != 0 && k.End != rule.Length))
                    throw Fault($"terms {k.Start} to {k.End} of K do not start and end on a block of {plan.Block}");
                return (k.Start / plan.Block, (k.Count + plan.Block - 1) / plan.Block);
            default:
                return (0, 0);
        }
    }
}
