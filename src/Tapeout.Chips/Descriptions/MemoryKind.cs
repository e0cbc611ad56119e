namespace Tapeout.Chips;

/// <summary>A kind of memory device beside the die.</summary>
public enum MemoryKind
{
    /// <summary>Stacked high-bandwidth memory.</summary>
    Hbm,

    /// <summary>Low-power DRAM.</summary>
    Lpddr,

    /// <summary>Graphics DRAM.</summary>
    Gddr,

    /// <summary>DIMMs.</summary>
    Ddr,
}
