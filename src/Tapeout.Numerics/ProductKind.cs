namespace Tapeout.Numerics;

/// <summary>How a product of a weight row and an activation row is summed.</summary>
public enum ProductKind : byte
{
    /// <summary>Element by element in k, fused, in float32: f32, f16 and bf16 activations with any weight.</summary>
    FloatFold = 0,

    /// <summary>Exact int32 sums of blocks, each scaled and folded in float32.</summary>
    IntegerBlocks = 1,

    /// <summary>One scale over all of K on both sides: an exact int32 sum to the end, scaled once.</summary>
    IntegerWhole = 2,
}
