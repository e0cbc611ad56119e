using Tapeout.Chips;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// What a chip multiplies for a product of a tape, whose formats it may not multiply as they are. The one rule for time and energy: the
/// operations that a bill charges joules for are those that took the time.
/// </summary>
/// <param name="Operand">The format that activations have where they are multiplied.</param>
/// <param name="Weights">The element of the weights that are multiplied.</param>
/// <param name="Activations">The element of the activations that are multiplied.</param>
/// <param name="Rate">Multiply-adds of all matrix units; null for the vector unit.</param>
/// <param name="IsNative">True where weights are multiplied as they are stored.</param>
/// <param name="Expansions">Operations that expand a weight before it is multiplied; 0 where it is multiplied as it is stored.</param>
internal readonly record struct Multiplication(
    NumberFormat Operand,
    ElementType Weights,
    ElementType Activations,
    PerCycle? Rate,
    bool IsNative,
    int Expansions
)
{
    /// <summary>
    /// A product of weights and activations. A chip multiplies the pairs of its file and does all others on the vector unit, in float32. A
    /// library's kernels take activations in the format of 16-bit weights, whatever Tapeout's own numerics keep them in, and expand weights
    /// that the chip cannot multiply to the format of the activations.
    /// </summary>
    /// <param name="chip">The chip.</param>
    /// <param name="library">The kernels that run on it; none for the chip's own tape.</param>
    /// <param name="weights">The format of the weights.</param>
    /// <param name="activations">The tape's format of the activations.</param>
    public static Multiplication Of(ChipDescription chip, KernelLibrary? library, NumberFormat weights, NumberFormat activations)
    {
        bool isHalf = weights.Element is ElementType.F16 or ElementType.BF16 && activations.Element == ElementType.F32;
        if (library is not null && isHalf && chip.Matrix.MacsFor(weights.Element, weights.Element) is not null)
            activations = weights;
        if (chip.Matrix.MacsFor(weights.Element, activations.Element) is { } native)
            return new(activations, weights.Element, activations.Element, native, true, 0);
        // Scales of groups are an operation more.
        int expansions = library is null ? 1 : library.ExpansionOperations + (weights.GroupSize > 0 ? 1 : 0);
        if (library is not null && chip.Matrix.MacsFor(activations.Element, activations.Element) is { } expanded)
            return new(activations, activations.Element, activations.Element, expanded, false, expansions);
        return new(activations, ElementType.F32, ElementType.F32, null, false, expansions);
    }

    /// <summary>
    /// The element of queries, keys and values in attention: of a library's kernels eight-bit integers where the cache has eight bits and
    /// bfloat16 otherwise; of an attention unit float16; of others what the matrix unit multiplies, float16 before float32.
    /// </summary>
    public static ElementType OfAttention(ChipDescription chip, KernelLibrary? library, NumberFormat cache)
    {
        bool Has(ElementType element) => chip.Matrix.MacsFor(element, element) is not null;
        if (library is not null && cache.ElementBits <= 8 && Has(ElementType.I8))
            return ElementType.I8;
        if (library is not null && Has(ElementType.BF16))
            return ElementType.BF16;
        return chip.Attention is not null || Has(ElementType.F16) ? ElementType.F16 : ElementType.F32;
    }
}
