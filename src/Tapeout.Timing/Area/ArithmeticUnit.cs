using Tapeout.Numerics;

namespace Tapeout.Timing;

/// <summary>
/// The transistors of an arithmetic unit, counted from the cells it is built of, and how many of them switch in one operation. Static CMOS:
/// a full adder has 28, a half adder 14, an AND 6, a XOR 8, a two-way multiplexer 10 with its buffer, an edge-triggered register 24. Ratios
/// between formats follow from this structure and not from a table.
/// </summary>
/// <param name="Transistors">All of them.</param>
/// <param name="Switching">Those that a typical operation toggles, in equivalents of a multiplier's, which glitch most.</param>
public readonly record struct ArithmeticUnit(long Transistors, long Switching)
{
    private const int FullAdder = 28;
    private const int HalfAdder = 14;
    private const int And = 6;
    private const int Xor = 8;
    private const int Multiplexer = 10;
    private const int Register = 24;

    // Leading-zero anticipation a bit: propagate, generate and the encoder's share.
    private const int Anticipation = 30;

    // Shifters, exponent logic and rounding toggle less than the array, whose carries ripple through every row.
    private const int SwitchingPercentBesideArray = 70;

    /// <summary>The sum of two units.</summary>
    public static ArithmeticUnit operator +(ArithmeticUnit left, ArithmeticUnit right) =>
        new(left.Transistors + right.Transistors, left.Switching + right.Switching);

    /// <summary>So many units.</summary>
    public static ArithmeticUnit operator *(ArithmeticUnit unit, long count) => new(unit.Transistors * count, unit.Switching * count);

    /// <summary>
    /// What multiplies a weight by an activation: an integer multiplier with the register of its product; for floats a fused multiply-add
    /// into float32.
    /// </summary>
    public static ArithmeticUnit Multiplier(ElementType weights, ElementType activations)
    {
        if (Mantissa(weights) is { } w && Mantissa(activations) is { } a)
            return FusedMultiplyAdd(w, a);
        if (Mantissa(weights) is { } floatWeight)
            return FusedMultiplyAdd(floatWeight, Bits(activations));
        if (Mantissa(activations) is { } floatActivation)
            return FusedMultiplyAdd(Bits(weights), floatActivation);
        int narrow = Math.Min(Bits(weights), Bits(activations));
        int wide = Math.Max(Bits(weights), Bits(activations));
        long cells = narrow switch
        {
            // A sign: invert all bits and add one.
            1 => wide * (Xor + HalfAdder),
            // A sign and a zero: gate, invert, add one.
            2 => wide * (And + Xor + HalfAdder),
            _ => Array(narrow, wide),
        };
        int product = narrow == 2 ? wide + 1 : narrow + wide;
        return All(cells + product * Register);
    }

    /// <summary>An adder into a 32-bit accumulator and its register.</summary>
    public static ArithmeticUnit Accumulator { get; } = All(32 * (FullAdder + Register));

    /// <summary>Registers of so many bits.</summary>
    public static ArithmeticUnit Registers(long bits) => All(bits * Register);

    /// <summary>
    /// A float multiply-add: the array of the mantissas, exponents, alignment of the addend, an adder of the aligned width, leading zeros,
    /// normalisation, rounding to 24 bits, the register of the result.
    /// </summary>
    public static ArithmeticUnit FusedMultiplyAdd(int mantissa, int otherMantissa)
    {
        long width = Math.Max(48, mantissa + otherMantissa + 24);
        long stages = 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)(width - 1));
        long array = Array(Math.Min(mantissa, otherMantissa), Math.Max(mantissa, otherMantissa));
        long beside =
            29 * FullAdder + 2 * width * stages * Multiplexer + width * (Xor + FullAdder + Anticipation) + 24 * HalfAdder + 32 * Register;
        return new(array + beside, array + beside * SwitchingPercentBesideArray / 100);
    }

    /// <summary>An elementary function: two float32 multiply-adds of a polynomial and a table of 64 rows of 64 bits.</summary>
    public static ArithmeticUnit ElementaryFunction { get; } = FusedMultiplyAdd(24, 24) * 2 + new ArithmeticUnit(64 * 64, 64);

    /// <summary>Bits of an integer element as it meets a multiplier; ternary is two, binary one.</summary>
    public static int Bits(ElementType element) =>
        element switch
        {
            ElementType.I8 => 8,
            ElementType.I4 or ElementType.U4 => 4,
            ElementType.Ternary => 2,
            ElementType.Binary => 1,
            ElementType.F16 or ElementType.BF16 => 16,
            _ => 32,
        };

    /// <summary>Bits of a float's significand with its hidden one; null for integers.</summary>
    public static int? Mantissa(ElementType element) =>
        element switch
        {
            ElementType.F32 => 24,
            ElementType.F16 => 11,
            ElementType.BF16 => 8,
            _ => null,
        };

    // Rows of the wide operand: each but the first two is a row of full adders, one is of half adders.
    private static long Array(int narrow, int wide) =>
        narrow == 1 ? wide * And : (long)narrow * wide * And + (long)wide * Math.Max(0, narrow - 2) * FullAdder + (long)wide * HalfAdder;

    private static ArithmeticUnit All(long transistors) => new(transistors, transistors);
}
