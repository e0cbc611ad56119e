namespace Tapeout.Numerics;

/// <summary>
/// A NaN or an infinity reached a quantiser, which has no code for it. The quantiser knows only where the value stands; callers that know
/// the tensor's name turn this into a sentence for the user.
/// </summary>
/// <param name="index">The index of the value among those given to the quantiser, row by row.</param>
/// <param name="value">The value found: NaN or an infinity.</param>
public sealed class NonFiniteValueException(long index, float value)
    : ArithmeticException($"Value {index} is {value}; a quantiser takes finite values only.")
{
    /// <summary>The index of the value among those given to the quantiser, row by row.</summary>
    public long Index { get; } = index;

    /// <summary>The value found: NaN or an infinity.</summary>
    public float Value { get; } = value;
}
