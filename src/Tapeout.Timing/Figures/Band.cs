namespace Tapeout.Timing;

/// <summary>
/// The least, the typical and the greatest plausible value of a figure. Operations are those of intervals of non-negative numbers: ends
/// are combined so that the result holds every combination of its inputs.
/// </summary>
/// <param name="Low">The least plausible value.</param>
/// <param name="Typical">The value that is reported.</param>
/// <param name="High">The greatest plausible value.</param>
public readonly record struct Band(decimal Low, decimal Typical, decimal High)
{
    /// <summary>A value without doubt.</summary>
    public static Band Exactly(decimal value) => new(value, value, value);

    /// <summary>The sum.</summary>
    public static Band operator +(Band left, Band right) => new(left.Low + right.Low, left.Typical + right.Typical, left.High + right.High);

    /// <summary>The product.</summary>
    public static Band operator *(Band left, Band right) => new(left.Low * right.Low, left.Typical * right.Typical, left.High * right.High);

    /// <summary>So many times the band.</summary>
    public static Band operator *(Band left, decimal right) => new(left.Low * right, left.Typical * right, left.High * right);

    /// <summary>The quotient: least where the divisor is greatest. The divisor is positive.</summary>
    public static Band operator /(Band left, Band right) => new(left.Low / right.High, left.Typical / right.Typical, left.High / right.Low);
}
