namespace Tapeout.Isa;

/// <summary>How REDUCE combines members. The values reach disk: the list only grows.</summary>
public enum ReduceOperation : byte
{
    /// <summary>float32 sum along the plan: members are sibling nodes, node = left + right; their number is a power of two.</summary>
    SumNodes = 0,

    /// <summary>int32 sum.</summary>
    SumIntegers = 1,

    /// <summary>float32 maximum.</summary>
    Maximum = 2,
}
