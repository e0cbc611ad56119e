namespace Tapeout.Timing;

/// <summary>What a block of a die is for: the rows that dies are compared by.</summary>
public enum AreaGroup
{
    /// <summary>Tiles with all that is in them.</summary>
    Cores,

    /// <summary>The network between tiles.</summary>
    Network,

    /// <summary>SRAM that all tiles share.</summary>
    SharedSram,

    /// <summary>PHYs of memory beside the die.</summary>
    MemoryPhy,

    /// <summary>Controllers of memory beside the die.</summary>
    MemoryController,

    /// <summary>Links to other chips and to the host.</summary>
    Links,

    /// <summary>What lies between and around blocks.</summary>
    Other,
}
