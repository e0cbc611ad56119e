namespace Tapeout.Timing;

/// <summary>What an instruction can wait for or be limited by, and what more of would be bought.</summary>
public enum Resource
{
    /// <summary>Starting kernels.</summary>
    Launches,

    /// <summary>Decoding instructions.</summary>
    Issue,

    /// <summary>Multiplier arrays, with the path that installs their weights.</summary>
    Matrix,

    /// <summary>Vector units and converters.</summary>
    Vector,

    /// <summary>Attention units.</summary>
    Attention,

    /// <summary>SRAM ports.</summary>
    Sram,

    /// <summary>The network between tiles, or the SRAM they share.</summary>
    Network,

    /// <summary>Bandwidth of the memory beside the die.</summary>
    MemoryBandwidth,

    /// <summary>Latencies of memory, network and links.</summary>
    Latency,

    /// <summary>Links between chips.</summary>
    Links,

    /// <summary>The host interface.</summary>
    Host,
}
