namespace Tapeout.Isa;

/// <summary>What the words of an operand may be, whoever wrote them.</summary>
internal static class OperandRules
{
    /// <summary>Null, or what is wrong with the words: the end of a sentence.</summary>
    public static string? Problem(OperandDefinition operand, OperandValue value) =>
        operand.Kind switch
        {
            OperandKind.Flag when value.Word0 is not (0 or 1) => $"is {value.Word0}, but a flag is 0 or 1",
            OperandKind.Enumeration
                when value.Word0 is < 0 or > 255
                    || !Enum.IsDefined(operand.Enumeration!, Enum.ToObject(operand.Enumeration!, value.Word0)) =>
                $"is {value.Word0}, which is not a {operand.Enumeration!.Name}",
            OperandKind.Float when !float.IsFinite(value.AsFloat()) => "is not a finite number",
            OperandKind.Size when value.Word0 is < 0 or > (int)Symbol.LogitRows || value.Word3 < 1 => "is not a size expression",
            OperandKind.Index when value.Word2 is < 0 or >= LoopIndices.Levels => "is not an index expression",
            _ => null,
        };
}
