using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>What more of one resource would buy.</summary>
/// <param name="Resource">The resource.</param>
/// <param name="Saved">Time that the step would be shorter.</param>
/// <param name="Share">The same as a share of the step.</param>
public readonly record struct ResourceGain(Resource Resource, Duration Saved, double Share);
