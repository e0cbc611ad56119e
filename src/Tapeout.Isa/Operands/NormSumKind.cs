namespace Tapeout.Isa;

/// <summary>What NORMSUM adds up. The values reach disk: the list only grows.</summary>
public enum NormSumKind : byte
{
    /// <summary>Σ x², fused: lane = fma(x, x, lane).</summary>
    SumOfSquares = 0,

    /// <summary>Σ x.</summary>
    Sum = 1,
}
