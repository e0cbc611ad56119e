namespace Tapeout.Timing;

/// <summary>What energy is spent on.</summary>
public enum EnergyPart
{
    /// <summary>Bringing weights to the multipliers.</summary>
    Weights,

    /// <summary>The KV cache.</summary>
    Kv,

    /// <summary>Activations in memories and on the network.</summary>
    Activations,

    /// <summary>Arithmetic, with the control of a core that has it.</summary>
    Compute,

    /// <summary>Links between chips, and the host interface.</summary>
    Links,

    /// <summary>Leakage, clocks and idle memory over time.</summary>
    Static,

    /// <summary>Voltage regulators and power supplies.</summary>
    Conversion,

    /// <summary>The host's share.</summary>
    Host,
}
