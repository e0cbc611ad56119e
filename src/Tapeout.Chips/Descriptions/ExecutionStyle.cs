namespace Tapeout.Chips;

/// <summary>How instructions get their time.</summary>
public enum ExecutionStyle
{
    /// <summary>The compiler places every instruction in time: no caches, no arbitration, no launches.</summary>
    Static,

    /// <summary>Kernels are launched; the chip places their thread blocks on cores and arbitrates.</summary>
    Dynamic,
}
