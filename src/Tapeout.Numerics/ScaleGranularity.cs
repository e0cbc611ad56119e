namespace Tapeout.Numerics;

/// <summary>How many elements share a scale. The values reach disk: the list only grows.</summary>
public enum ScaleGranularity : byte
{
    /// <summary>No scale: the element is the value.</summary>
    None = 0,

    /// <summary>One scale for the whole tensor.</summary>
    Tensor = 1,

    /// <summary>One scale per row: per output channel of a weight, per token of an activation, per token and head of a KV cache.</summary>
    Row = 2,

    /// <summary>One scale per group of consecutive elements of a row; the last group may be short.</summary>
    Group = 3,
}
