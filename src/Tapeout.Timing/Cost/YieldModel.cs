namespace Tapeout.Timing;

/// <summary>How defects spread over a wafer.</summary>
public enum YieldModel
{
    /// <summary>In clusters, with the cluster parameter of the technology's files: (1 + A·D / α)^−α.</summary>
    NegativeBinomial,

    /// <summary>Independently of each other: e^(−A·D).</summary>
    Poisson,

    /// <summary>With a density that varies over the wafer as a triangle: ((1 − e^(−A·D)) / (A·D))².</summary>
    Murphy,
}
