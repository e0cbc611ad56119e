namespace Tapeout.Numerics;

/// <summary>
/// Float sums of norms and softmax: inside each leaf of the plan 16 virtual lanes (term i goes to lane i mod 16) from +0, the lanes folded by
/// halves, lane[i] + lane[i + 8], then 4, 2, 1, the leaves by the plan's tree. The same bits at any vector width.
/// </summary>
public static class Sums
{
    private const int Lanes = 16;

    /// <summary>Σ x² over the whole axis; each term is fused into its lane, fma(x, x, lane).</summary>
    public static float SumOfSquares(ReadOnlySpan<float> values, in ReductionPlan plan) => SumOfSquares(values, plan, 0, plan.Leaves);

    /// <summary>
    /// The node of Σ x² over leaves [<paramref name="leafFirst"/>, leafFirst + <paramref name="leafCount"/>).
    /// </summary>
    /// <param name="values">The terms of these leaves only, beginning with the first term of <paramref name="leafFirst"/>.</param>
    /// <param name="plan">The plan of the whole axis; its block is a multiple of 16.</param>
    /// <param name="leafFirst">A multiple of <paramref name="leafCount"/>.</param>
    /// <param name="leafCount">A power of two up to the plan's leaves.</param>
    public static float SumOfSquares(ReadOnlySpan<float> values, in ReductionPlan plan, int leafFirst, int leafCount) =>
        Fold(values, plan, leafFirst, leafCount, squares: true);

    /// <summary>Σ x over the whole axis; each term is added to its lane.</summary>
    public static float Sum(ReadOnlySpan<float> values, in ReductionPlan plan) => Sum(values, plan, 0, plan.Leaves);

    /// <summary>
    /// The node of Σ x over leaves [<paramref name="leafFirst"/>, leafFirst + <paramref name="leafCount"/>); parameters as for <see
    /// cref="SumOfSquares(ReadOnlySpan{float}, in ReductionPlan, int, int)"/>.
    /// </summary>
    public static float Sum(ReadOnlySpan<float> values, in ReductionPlan plan, int leafFirst, int leafCount) =>
        Fold(values, plan, leafFirst, leafCount, squares: false);

    /// <summary>
    /// Folds a power of two of node values in a perfect binary tree, node = left + right. The values are overwritten.
    /// </summary>
    public static float FoldTree(Span<float> nodes)
    {
        if (!int.IsPow2(nodes.Length))
            throw new ArgumentException($"A perfect tree has a power of two of leaves, not {nodes.Length}.", nameof(nodes));
        for (int count = nodes.Length / 2; count > 0; count /= 2)
        {
            for (int i = 0; i < count; i++)
                nodes[i] = nodes[2 * i] + nodes[2 * i + 1];
        }
        return nodes[0];
    }

    /// <summary>The 16 lanes of one leaf folded to its value: lane[i] + lane[i + 8], then 4, 2, 1. The lanes are overwritten.</summary>
    public static float FoldLanes(Span<float> lanes)
    {
        for (int half = Lanes / 2; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
                lanes[i] += lanes[i + half];
        }
        return lanes[0];
    }

    private static float Fold(ReadOnlySpan<float> values, in ReductionPlan plan, int leafFirst, int leafCount, bool squares)
    {
        if (leafCount <= 0 || !int.IsPow2(leafCount) || leafFirst < 0 || leafFirst % leafCount != 0 || leafFirst + leafCount > plan.Leaves)
            throw new ArgumentOutOfRangeException(
                nameof(leafFirst),
                leafFirst,
                $"{leafCount} leaves from {leafFirst} are no node of the plan."
            );
        if (plan.Block % Lanes != 0)
            throw new ArgumentException($"A plan of 16-lane sums has blocks of a multiple of 16 terms, not {plan.Block}.", nameof(plan));
        int origin = plan.LeafStart(leafFirst);
        int needed = plan.LeafStart(leafFirst + leafCount) - origin;
        if (values.Length != needed)
            throw new ArgumentException($"The leaves hold {needed} terms, {values.Length} were given.", nameof(values));
        Span<float> nodes = stackalloc float[Lanes];
        Span<float> lanes = stackalloc float[Lanes];
        for (int leaf = 0; leaf < leafCount; leaf++)
        {
            int start = plan.LeafStart(leafFirst + leaf) - origin;
            ReadOnlySpan<float> terms = values[start..(plan.LeafStart(leafFirst + leaf + 1) - origin)];
            lanes.Clear();
            if (squares)
            {
                for (int i = 0; i < terms.Length; i++)
                    lanes[i & 15] = MathF.FusedMultiplyAdd(terms[i], terms[i], lanes[i & 15]);
            }
            else
            {
                for (int i = 0; i < terms.Length; i++)
                    lanes[i & 15] += terms[i];
            }
            nodes[leaf] = FoldLanes(lanes);
        }
        return Sums.FoldTree(nodes[..leafCount]);
    }
}
