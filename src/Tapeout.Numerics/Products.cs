namespace Tapeout.Numerics;

/// <summary>
/// Products of one weight row and one activation row, summed as their <see cref="ProductRule"/> says: the scalar, living definition.
/// With acc starting from +0 at each leaf of the plan, and fma rounding once:
/// <list type="bullet">
/// <item>Float fold: acc = fma(w, x, acc) for each k in order; w the weight de-quantised to float32, f16 and bf16 activations converted exactly.</item>
/// <item>Integer blocks: p = Σ (q_w − z) · q_a exactly, c = fl(s_w · s_a), acc = fma(f32(p), c, acc); weights with a float minimum m then
/// acc = fma(f32(Σ q_a), fl(m · s_a), acc).</item>
/// <item>Integer whole: p as above over all of K, once: r = fl(f32(p) · fl(s_w · s_a)); with a minimum r = fma(f32(Σ q_a), fl(m · s_a), r).</item>
/// </list>
/// The leaves' accumulators then meet in the plan's tree. K may be cut at leaf nodes (<see cref="FoldLeaves"/>), inside a leaf at blocks
/// (<see cref="Chain"/>), and anywhere where the sum is an integer (<see cref="AccumulateInteger"/>). Methods over several rows give the bits of the same
/// method row by row; they exist because eight independent chains hide the latency of fused multiply-add.
/// </summary>
public static partial class Products
{
    /// <summary>One whole output element: weight row <paramref name="row"/> times activation row <paramref name="token"/>.</summary>
    public static float Full(in ProductRule rule, in PackedMatrix weights, int row, in PackedMatrix activations, int token)
    {
        Span<float> output = stackalloc float[1];
        FullRows(rule, weights, row, 1, activations, token, output);
        return output[0];
    }

    /// <summary>Whole output elements of consecutive weight rows, into <paramref name="output"/>[0 … rowCount).</summary>
    public static void FullRows(
        in ProductRule rule,
        in PackedMatrix weights,
        int rowFirst,
        int rowCount,
        in PackedMatrix activations,
        int token,
        Span<float> output
    )
    {
        if (rule.Kind != ProductKind.IntegerWhole)
        {
            FoldLeavesRows(rule, weights, rowFirst, rowCount, activations, token, 0, rule.Plan.Leaves, output);
            return;
        }
        int sum = rule.Weight.Offset == OffsetKind.Minimum ? SumActivations(rule, activations, token, 0, rule.Length) : 0;
        for (int i = 0; i < rowCount; i++)
        {
            int accumulator = AccumulateInteger(rule, weights, rowFirst + i, activations, token, 0, rule.Length, 0);
            output[i] = FinishInteger(rule, weights, rowFirst + i, activations, token, accumulator, sum);
        }
    }

    /// <summary>
    /// The value of the plan's node over leaves [<paramref name="leafFirst"/>, leafFirst + <paramref name="leafCount"/>).
    /// </summary>
    /// <param name="rule">A rule with a plan: not <see cref="ProductKind.IntegerWhole"/>.</param>
    /// <param name="weights">The weights, holding at least the leaves' columns.</param>
    /// <param name="row">The weight row.</param>
    /// <param name="activations">The activations, holding at least the leaves' columns.</param>
    /// <param name="token">The activation row.</param>
    /// <param name="leafFirst">A multiple of <paramref name="leafCount"/>.</param>
    /// <param name="leafCount">A power of two up to the plan's leaves.</param>
    public static float FoldLeaves(
        in ProductRule rule,
        in PackedMatrix weights,
        int row,
        in PackedMatrix activations,
        int token,
        int leafFirst,
        int leafCount
    )
    {
        Span<float> output = stackalloc float[1];
        FoldLeavesRows(rule, weights, row, 1, activations, token, leafFirst, leafCount, output);
        return output[0];
    }

    /// <summary><see cref="FoldLeaves"/> of consecutive weight rows, into <paramref name="output"/>[0 … rowCount).</summary>
    public static void FoldLeavesRows(
        in ProductRule rule,
        in PackedMatrix weights,
        int rowFirst,
        int rowCount,
        in PackedMatrix activations,
        int token,
        int leafFirst,
        int leafCount,
        Span<float> output
    )
    {
        ReductionPlan plan = rule.Plan;
        int perLeaf = plan.BlocksPerLeaf;
        if (leafCount <= 0 || !int.IsPow2(leafCount) || leafFirst < 0 || leafFirst % leafCount != 0 || leafFirst + leafCount > plan.Leaves)
            throw new ArgumentOutOfRangeException(
                nameof(leafFirst),
                leafFirst,
                $"{leafCount} leaves from {leafFirst} are no node of a tree of {plan.Leaves}."
            );
        Span<float> leaves = stackalloc float[16 * Interleave];
        Span<float> column = stackalloc float[16];
        for (int done = 0; done < rowCount; done += Interleave)
        {
            int rows = Math.Min(Interleave, rowCount - done);
            for (int leaf = 0; leaf < leafCount; leaf++)
            {
                Span<float> accumulators = leaves.Slice(leaf * Interleave, rows);
                accumulators.Clear();
                ChainRows(rule, weights, rowFirst + done, rows, activations, token, (leafFirst + leaf) * perLeaf, perLeaf, accumulators);
            }
            for (int i = 0; i < rows; i++)
            {
                for (int leaf = 0; leaf < leafCount; leaf++)
                    column[leaf] = leaves[leaf * Interleave + i];
                output[done + i] = Sums.FoldTree(column[..leafCount]);
            }
        }
    }

    /// <summary>
    /// Continues an accumulator over blocks [<paramref name="blockFirst"/>, blockFirst + <paramref name="blockCount"/>) of one leaf.
    /// </summary>
    /// <returns>The accumulator after the last block; hand it to the next part of the leaf, or take it as the leaf's value.</returns>
    public static float Chain(
        in ProductRule rule,
        in PackedMatrix weights,
        int row,
        in PackedMatrix activations,
        int token,
        int blockFirst,
        int blockCount,
        float accumulator
    )
    {
        Span<float> accumulators = [accumulator];
        ChainRows(rule, weights, row, 1, activations, token, blockFirst, blockCount, accumulators);
        return accumulators[0];
    }

    /// <summary><see cref="Chain"/> of consecutive weight rows, each with its own accumulator.</summary>
    public static void ChainRows(
        in ProductRule rule,
        in PackedMatrix weights,
        int rowFirst,
        int rowCount,
        in PackedMatrix activations,
        int token,
        int blockFirst,
        int blockCount,
        Span<float> accumulators
    )
    {
        if (rule.Kind == ProductKind.IntegerWhole)
            throw new ArgumentException("A product with one scale over all of K stays an integer to its end.", nameof(rule));
        if (blockCount <= 0)
            return;
        int perLeaf = rule.Plan.BlocksPerLeaf;
        if (blockFirst < 0 || blockFirst + blockCount > rule.Plan.Blocks || blockFirst / perLeaf != (blockFirst + blockCount - 1) / perLeaf)
            throw new ArgumentOutOfRangeException(
                nameof(blockFirst),
                blockFirst,
                $"{blockCount} blocks from {blockFirst} do not lie in one leaf of {perLeaf} blocks."
            );
        Check(rule, weights, activations);
        int kFirst = blockFirst * rule.Block;
        int kCount = Math.Min((blockFirst + blockCount) * rule.Block, rule.Length) - kFirst;
        weights.Require(rowFirst, rowCount, kFirst, kCount);
        activations.Require(token, 1, kFirst, kCount);
        if (accumulators.Length < rowCount)
            throw new ArgumentException($"{rowCount} accumulators are needed, {accumulators.Length} were given.", nameof(accumulators));
        if (rule.Kind == ProductKind.FloatFold)
            ChainFloat(weights, rowFirst, rowCount, activations, token, kFirst, kCount, accumulators);
        else
            ChainBlocks(rule, weights, rowFirst, rowCount, activations, token, kFirst, kCount, accumulators);
    }

    private static void Check(in ProductRule rule, in PackedMatrix weights, in PackedMatrix activations)
    {
        if (weights.Format != rule.Weight || activations.Format != rule.Activation)
            throw new ArgumentException(
                $"The rule is for {rule.Weight} × {rule.Activation}, the matrices are {weights.Format} × {activations.Format}.",
                nameof(rule)
            );
    }
}
