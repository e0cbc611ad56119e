namespace Tapeout.Timing;

/// <summary>What fills a block.</summary>
public enum AreaContent
{
    /// <summary>Standard cells.</summary>
    Logic,

    /// <summary>SRAM arrays.</summary>
    Sram,

    /// <summary>ROM arrays.</summary>
    Rom,

    /// <summary>Analog circuits: PHYs and serialisers.</summary>
    Analog,
}
