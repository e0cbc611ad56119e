namespace Tapeout.Models.Graphs;

/// <summary>How a vector is normalised.</summary>
public enum NormKind
{
    /// <summary>x / sqrt(mean(x²) + ε) · w.</summary>
    Rms,

    /// <summary>(x − mean(x)) / sqrt(var(x) + ε) · w.</summary>
    Layer,
}
