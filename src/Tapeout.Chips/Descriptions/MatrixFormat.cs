using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Formats that a matrix unit multiplies without converting them first: any of the weights with any of the activations.</summary>
public sealed record MatrixFormat
{
    /// <summary>Elements of the weights; int4 covers signed and unsigned codes.</summary>
    public required IReadOnlyList<ElementType> Weights { get; init; }

    /// <summary>Elements of the activations.</summary>
    public required IReadOnlyList<ElementType> Activations { get; init; }

    /// <summary>Multiply-accumulates of one tile in one cycle, all its arrays together.</summary>
    [Within("1/cycle", "1000000000/cycle")]
    public required PerCycle Macs { get; init; }

    /// <summary>
    /// Whether floats of as many bits are multiplied at this rate, which are timed as the integers that stand in the pair; none: integers
    /// alone.
    /// </summary>
    public FloatCodes? Floats { get; init; }

    /// <summary>True if the unit itself multiplies by the scales of groups as it sums; none: the vector unit does, group after group.</summary>
    public bool? ScalesGroups { get; init; }

    /// <summary>True if this is a pair the unit multiplies natively.</summary>
    public bool Covers(ElementType weight, ElementType activation) =>
        Weights.Contains(Signed(weight)) && Activations.Contains(Signed(activation));

    // The unsigned 4-bit code differs by its zero point only, which is subtracted beside the array.
    private static ElementType Signed(ElementType element) => element == ElementType.U4 ? ElementType.I4 : element;
}
