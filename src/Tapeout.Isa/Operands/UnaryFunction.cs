namespace Tapeout.Isa;

/// <summary>Element-wise functions of one operand and a parameter p. The values reach disk: the list only grows.</summary>
public enum UnaryFunction : byte
{
    /// <summary>x · sigmoid(x).</summary>
    Silu = 0,

    /// <summary>GELU, tanh form.</summary>
    GeluTanh = 1,

    /// <summary>GELU, erf form.</summary>
    GeluErf = 2,

    /// <summary>max(x, +0).</summary>
    Relu = 3,

    /// <summary>x · p.</summary>
    Scale = 4,

    /// <summary>p · tanh(x / p).</summary>
    Softcap = 5,
}
