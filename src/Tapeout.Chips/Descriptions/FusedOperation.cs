namespace Tapeout.Chips;

/// <summary>What a kernel does, as far as a software stack puts several of them into one launch.</summary>
public enum FusedOperation
{
    /// <summary>A collective over chips.</summary>
    Collective,

    /// <summary>A sum of two tensors: the residual.</summary>
    Add,

    /// <summary>A norm: its sum over a row and its multiplication.</summary>
    Norm,

    /// <summary>A product of activations by weights; several are one launch where they multiply the same activations.</summary>
    Product,

    /// <summary>Rotary embedding.</summary>
    Rotate,

    /// <summary>Keys or values that are written to their cache.</summary>
    Append,

    /// <summary>Attention over the cache.</summary>
    Attention,

    /// <summary>An activation function, gated or not.</summary>
    Activation,

    /// <summary>Quantisation of activations: maximum and codes.</summary>
    Quantise,
}
