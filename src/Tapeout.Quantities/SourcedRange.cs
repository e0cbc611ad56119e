namespace Tapeout.Quantities;

/// <summary>The band of a figure.</summary>
/// <param name="Minimum">The least value that is plausible.</param>
/// <param name="Maximum">The greatest value that is plausible.</param>
public sealed record SourcedRange<T>(T Minimum, T Maximum);
