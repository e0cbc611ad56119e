namespace Tapeout.Isa;

/// <summary>What ATTEND leaves. The values reach disk: the list only grows.</summary>
public enum AttentionResult : byte
{
    /// <summary>The output of each head, divided by the sum of weights.</summary>
    Final = 0,

    /// <summary>Unscaled output, maximum and sum (two more columns per head) of the node of KV blocks.</summary>
    Partial = 1,
}
