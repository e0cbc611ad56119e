namespace Tapeout.Isa;

/// <summary>Where a buffer lives. The values reach disk: the list only grows.</summary>
public enum Space : byte
{
    /// <summary>Memory devices of the chip (HBM, LPDDR …), one address space per chip, reached from every tile.</summary>
    Dram = 0,

    /// <summary>The SRAM of a tile: one address space per tile, the same addresses in all tiles of a group.</summary>
    Sram = 1,

    /// <summary>Weights in metal, one address space per chip, read only.</summary>
    Rom = 2,

    /// <summary>Weight registers of a tile's multiplier array; filled by INSTALL, read by MATMUL.</summary>
    Array = 3,
}
