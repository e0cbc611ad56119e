namespace Tapeout.Chips;

/// <summary>What the chips of one kind do in a system.</summary>
public enum ChipDuty
{
    /// <summary>Prefill and decode.</summary>
    All,

    /// <summary>Prompts only; the KV cache is handed on.</summary>
    Prefill,

    /// <summary>Tokens after the prompt.</summary>
    Decode,

    /// <summary>Attention and KV cache only.</summary>
    Attention,

    /// <summary>Everything except attention.</summary>
    FeedForward,
}
