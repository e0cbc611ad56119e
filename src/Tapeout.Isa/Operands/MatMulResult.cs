namespace Tapeout.Isa;

/// <summary>What a matrix product leaves in its destination. The values reach disk: the list only grows.</summary>
public enum MatMulResult : byte
{
    /// <summary>The finished sum in float32: K is whole, scales are applied, the reduction plan is folded to its root.</summary>
    Final = 0,

    /// <summary>A node of the plan in float32: K is a power of two of whole leaves, aligned to their number.</summary>
    Node = 1,

    /// <summary>The running accumulator of one leaf in float32: K is a run of blocks inside a leaf, handed on from call to call.</summary>
    Leaf = 2,

    /// <summary>The running int32 accumulator of formats with one scale over all of K; FINISH applies the scales.</summary>
    Integer = 3,
}
