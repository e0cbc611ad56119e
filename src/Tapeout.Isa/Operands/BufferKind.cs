namespace Tapeout.Isa;

/// <summary>What a buffer holds, and for how long. The values reach disk: the list only grows.</summary>
public enum BufferKind : byte
{
    /// <summary>Values of one step; the memory is shared with other buffers whose lives do not meet.</summary>
    Activation = 0,

    /// <summary>A tensor of the quantised model, there before the first step.</summary>
    Constant = 1,

    /// <summary>Kept from step to step: the KV cache.</summary>
    State = 2,

    /// <summary>Part of a constant on its way to the multipliers, in slots.</summary>
    Staging = 3,
}
