namespace Tapeout.Timing;

/// <summary>Where energy is measured. Each holds the one before it.</summary>
public enum Boundary
{
    /// <summary>Into the die, at its pins.</summary>
    Die,

    /// <summary>Into the card: the die, the memory beside it, the voltage regulators.</summary>
    Card,

    /// <summary>At the wall: cards, the share of the host, the power supply.</summary>
    System,
}
