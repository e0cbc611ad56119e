namespace Tapeout.Timing;

/// <summary>What one unit of a kind of work costs in one place.</summary>
/// <param name="Figure">The energy in pJ, per operation or byte.</param>
/// <param name="Boundary">The first boundary that it lies within.</param>
public readonly record struct EnergyComponent(Figure Figure, Boundary Boundary);
