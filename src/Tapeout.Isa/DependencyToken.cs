namespace Tapeout.Isa;

/// <summary>
/// A counting semaphore between two engines. The n-th wait needs the (n − Credits)-th signal: Credits is how many waits pass before the
/// first signal (0 inside an iteration, d for a dependence from iteration i to iteration i + d).
/// </summary>
/// <param name="Producer">The engine whose instructions signal.</param>
/// <param name="Consumer">The engine whose instructions wait.</param>
/// <param name="Credits">Waits that pass at the start.</param>
public sealed record DependencyToken(Engine Producer, Engine Consumer, int Credits);
