namespace Tapeout.Timing;

/// <summary>What time on the critical path is charged to.</summary>
public enum Limiter
{
    /// <summary>Weight bytes on their way to the multipliers: memory beside the die, SRAM install path or ROM.</summary>
    Weights,

    /// <summary>Bytes of the KV cache.</summary>
    Kv,

    /// <summary>Multiply-accumulates.</summary>
    Compute,

    /// <summary>The vector units.</summary>
    Vector,

    /// <summary>Activations moved between memories of the chip.</summary>
    Movement,

    /// <summary>The network between tiles.</summary>
    Network,

    /// <summary>Links between chips.</summary>
    Links,

    /// <summary>The host interface.</summary>
    Host,

    /// <summary>Starting kernels on a chip that executes dynamically.</summary>
    Launches,

    /// <summary>Decoding instructions and generating their addresses.</summary>
    Issue,

    /// <summary>Filling and draining arrays, and the beginnings and ends of thread blocks.</summary>
    Fill,

    /// <summary>The time until the first bytes of a memory, or the result of a pipeline, are there.</summary>
    Latency,

    /// <summary>Waiting for a port, memory, network or link that another instruction has.</summary>
    Contention,
}
