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

    /// <summary>Bytes of the registers of one tile, where they are a memory of their own (a GPU's register file); none: 128 B a lane.</summary>
    [Within("1B", "1GiB")]
    public Bytes? Registers { get; init; }

    /// <summary>Float64 multiply-adds of one tile in one cycle: no model uses them, but they are on the die.</summary>
    [Within("1/cycle", "1000000000/cycle")]
    public PerCycle? DoubleOperations { get; init; }
}
