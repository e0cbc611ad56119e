using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>The vector unit of one tile.</summary>
public sealed record VectorDescription
{
    /// <summary>Elements side by side.</summary>
    [Within("1", "65536")]
    public required int Lanes { get; init; }

    /// <summary>Elements it computes in.</summary>
    public required IReadOnlyList<ElementType> Formats { get; init; }

    /// <summary>Elementary operations (an add, a multiply, a fused multiply-add) of one tile in one cycle.</summary>
    [Within("1/cycle", "1000000000/cycle")]
    public required PerCycle Operations { get; init; }

    /// <summary>Elementary functions (exp, rsqrt, reciprocal, sine) of one tile in one cycle.</summary>
    [Within("1/cycle", "1000000000/cycle")]
    public required PerCycle SpecialOperations { get; init; }
}
