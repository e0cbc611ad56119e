namespace Tapeout.Isa;

/// <summary>One operand in the instruction table.</summary>
/// <param name="Name">The name, as the property and in assembly.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Summary">What it means, with shape and unit.</param>
/// <param name="Enumeration">For enumerations: the type.</param>
public sealed record OperandDefinition(string Name, OperandKind Kind, string Summary, Type? Enumeration = null)
{
    /// <summary>The number of 32-bit words in the encoding.</summary>
    public int Words =>
        Kind switch
        {
            OperandKind.Size => 4,
            OperandKind.Index => 3,
            _ => 1,
        };

    /// <summary>True if the operand is a descriptor.</summary>
    public bool IsDescriptor => Kind is OperandKind.Read or OperandKind.OptionalRead or OperandKind.Write or OperandKind.ReadWrite;
}
