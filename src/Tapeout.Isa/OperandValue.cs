namespace Tapeout.Isa;

/// <summary>
/// An operand's value as up to four 32-bit words, the form in which it stands in a tape.
/// </summary>
/// <param name="Word0">First word: descriptor number, integer, float bits, enum, flag, size or index part.</param>
/// <param name="Word1">Second word, of sizes and indices.</param>
/// <param name="Word2">Third word, of sizes and indices.</param>
/// <param name="Word3">Fourth word, of sizes.</param>
public readonly record struct OperandValue(int Word0, int Word1 = 0, int Word2 = 0, int Word3 = 0)
{
    /// <summary>A float's bits.</summary>
    public static OperandValue Of(float value) => new(BitConverter.SingleToInt32Bits(value));

    /// <summary>A flag.</summary>
    public static OperandValue Of(bool value) => new(value ? 1 : 0);

    /// <summary>A size expression.</summary>
    public static OperandValue Of(SizeExpression value) => new((int)value.Symbol, value.Multiplier, value.Offset, value.Divisor);

    /// <summary>An index expression.</summary>
    public static OperandValue Of(IndexExpression value) => new(value.Base, value.Step, value.Level);

    /// <summary>The value as a float.</summary>
    public float AsFloat() => BitConverter.Int32BitsToSingle(Word0);

    /// <summary>The value as a flag.</summary>
    public bool AsFlag() => Word0 != 0;

    /// <summary>The value as a size expression.</summary>
    public SizeExpression AsSize() => new((Symbol)Word0, Word1, Word2, Word3);

    /// <summary>The value as an index expression.</summary>
    public IndexExpression AsIndex() => new(Word0, Word1, Word2);
}
