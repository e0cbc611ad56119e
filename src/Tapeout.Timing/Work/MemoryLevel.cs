namespace Tapeout.Timing;

/// <summary>Where bytes are read, written or carried.</summary>
public enum MemoryLevel
{
    /// <summary>Nowhere: the item is an operation.</summary>
    None,

    /// <summary>The registers of the multiplier arrays.</summary>
    Array,

    /// <summary>SRAM of the tiles.</summary>
    Sram,

    /// <summary>SRAM that all tiles share.</summary>
    SharedSram,

    /// <summary>Weights in metal.</summary>
    Rom,

    /// <summary>Memory beside the die.</summary>
    Dram,

    /// <summary>The network between tiles.</summary>
    Network,

    /// <summary>Links between chips.</summary>
    Link,

    /// <summary>The host interface.</summary>
    Host,
}
