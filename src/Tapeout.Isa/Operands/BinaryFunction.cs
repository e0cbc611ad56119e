namespace Tapeout.Isa;

/// <summary>Element-wise functions of two operands; nothing is fused. The values reach disk: the list only grows.</summary>
public enum BinaryFunction : byte
{
    /// <summary>x + y.</summary>
    Add = 0,

    /// <summary>x · y.</summary>
    Multiply = 1,

    /// <summary>silu(x) · y, with silu(x) = x · sigmoid(x).</summary>
    SiluMultiply = 2,

    /// <summary>gelu(x) · y with the tanh form of GELU.</summary>
    GeluTanhMultiply = 3,

    /// <summary>gelu(x) · y with the erf form of GELU.</summary>
    GeluErfMultiply = 4,

    /// <summary>max(x, 0) · y.</summary>
    ReluMultiply = 5,
}
