namespace Tapeout.Models.Graphs;

/// <summary>The function of a gated activation: f(gate) · up.</summary>
public enum ActivationFunction
{
    /// <summary>x · sigmoid(x): SwiGLU.</summary>
    Silu,

    /// <summary>GELU with the exact error function.</summary>
    Gelu,

    /// <summary>GELU by tanh.</summary>
    GeluTanh,
}
