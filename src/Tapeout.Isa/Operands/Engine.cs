namespace Tapeout.Isa;

/// <summary>
/// The engines of a chip. Each takes its instructions in stream order, one after the other; engines run beside each other and are ordered
/// only by tokens. The values reach disk: the list only grows.
/// </summary>
public enum Engine : byte
{
    /// <summary>Loops, launches, barriers.</summary>
    Controller = 0,

    /// <summary>Moves data between memories; gathers rows; writes the KV cache.</summary>
    Dma = 1,

    /// <summary>The multiplier arrays of the tiles.</summary>
    Matrix = 2,

    /// <summary>The vector units of the tiles.</summary>
    Vector = 3,

    /// <summary>The attention units of the tiles.</summary>
    Attention = 4,

    /// <summary>The on-chip network: exchanges between tiles.</summary>
    Network = 5,

    /// <summary>Chip-to-chip links: exchanges between ranks.</summary>
    Link = 6,

    /// <summary>The host interface: identifiers in, logits and tokens out.</summary>
    Host = 7,
}
