namespace Tapeout.Numerics;

/// <summary>
/// The order in which a float sum along an axis is taken, whatever runs it: B = ceil(length / block) blocks (the last may be short), split
/// into S leaves of B / S consecutive blocks, S the largest power of two ≤ 16 that divides B with B / S ≥ 4, else 1. A leaf is folded left
/// to right from +0; the leaves form a perfect binary tree, node = left + right. Inside a leaf the axis may be cut at any block if the
/// accumulator is handed on; across leaves only at a node.
/// </summary>
/// <param name="Length">Terms along the axis.</param>
/// <param name="Block">Terms of a block: the format's group, or 32 where the format has none.</param>
public readonly record struct ReductionPlan(int Length, int Block)
{
    /// <summary>The block of formats that have none of their own: floats and norms.</summary>
    public const int DefaultBlock = 32;

    /// <summary>B: the number of blocks.</summary>
    public int Blocks => (Length + Block - 1) / Block;

    /// <summary>S: the number of leaves, a power of two from 1 to 16.</summary>
    public int Leaves
    {
        get
        {
            int blocks = Blocks;
            int leaves = 1;
            while (leaves < 16 && blocks % (leaves * 2) == 0 && blocks / (leaves * 2) >= 4)
                leaves *= 2;
            return leaves;
        }
    }

    /// <summary>Blocks of one leaf.</summary>
    public int BlocksPerLeaf => Blocks / Leaves;

    /// <summary>The first term of leaf <paramref name="leaf"/>; for <paramref name="leaf"/> = S the length.</summary>
    public int LeafStart(int leaf) => Math.Min(leaf * BlocksPerLeaf * Block, Length);

    /// <summary>
    /// True if the axis may be divided over <paramref name="parts"/> chips that each fold whole subtrees: <paramref name="parts"/> is a power
    /// of two that divides the leaves.
    /// </summary>
    public bool CanSplitAtNodes(int parts) => int.IsPow2(parts) && Leaves % parts == 0;
}
