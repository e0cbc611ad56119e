namespace Tapeout.Cli;

/// <summary>Which machine executes a tape.</summary>
internal enum MachineKind
{
    /// <summary>The fast machine.</summary>
    Fast,

    /// <summary>The reference machine, the definition.</summary>
    Reference,
}
