using Tapeout.Numerics;

namespace Tapeout.Timing;

/// <summary>Energies of operations on a node, as figures in picojoules.</summary>
public static class EnergyConstants
{
    /// <summary>
    /// A multiply of a format pair: that of int8 × int8 by the switching transistors of the two units. For floats the addition into float32
    /// is in it.
    /// </summary>
    public static Figure Multiply(NodeConstants node, ElementType weights, ElementType activations)
    {
        ArithmeticUnit unit = ArithmeticUnit.Multiplier(weights, activations);
        ArithmeticUnit int8 = ArithmeticUnit.Multiplier(ElementType.I8, ElementType.I8);
        return Scaled(node, $"{weights} × {activations}", unit, int8);
    }

    /// <summary>A float32 multiply-add of the vector unit.</summary>
    public static Figure VectorOperation(NodeConstants node) => Multiply(node, ElementType.F32, ElementType.F32);

    /// <summary>An elementary function of the vector unit.</summary>
    public static Figure ElementaryFunction(NodeConstants node) =>
        Scaled(node, "elementary function", ArithmeticUnit.ElementaryFunction, ArithmeticUnit.Multiplier(ElementType.I8, ElementType.I8));

    private static Figure Scaled(NodeConstants node, string name, ArithmeticUnit unit, ArithmeticUnit int8) =>
        Figure.Product(
            name,
            "pJ",
            node.Int8Multiply,
            Figure.Quotient(
                "switching transistors over int8's",
                "",
                Figure.Count(name + " switching", unit.Switching),
                Figure.Count("int8 switching", int8.Switching)
            )
        );
}
