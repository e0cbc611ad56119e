using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tapeout.Numerics;

/// <summary>What a quantiser measures over the values that share a scale, and how it makes codes from it: see <see cref="TensorCodec"/>.</summary>
internal readonly struct GroupParameters
{
    private readonly float _scale;
    private readonly float _minimum;
    private readonly int _zero;

    private GroupParameters(float scale, float minimum, int zero)
    {
        _scale = scale;
        _minimum = minimum;
        _zero = zero;
    }

    /// <summary>Measures <paramref name="values"/>, the first of which is value <paramref name="index"/> of the tensor.</summary>
    public static GroupParameters Measure(NumberFormat format, ReadOnlySpan<float> values, long index)
    {
        if (format.Element is ElementType.I8 or ElementType.I4 && TryLargest(values, out float magnitude))
            return format.Element == ElementType.I8
                ? new(ScaleOf(format.ScaleType, magnitude / 127f, 127), 0, 0)
                : new(ScaleOf(format.ScaleType, magnitude / 7f, 7), 0, 0);
        float low = float.PositiveInfinity;
        float high = float.NegativeInfinity;
        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            float value = values[i];
            if (!float.IsFinite(value))
                throw new NonFiniteValueException(index + i, value);
            low = value < low ? value : low;
            high = value > high ? value : high;
            sum += MathF.Abs(value);
        }
        float largest = -low > high ? -low : high;
        ElementType type = format.ScaleType;
        switch (format.Element)
        {
            case ElementType.I8:
                return new(ScaleOf(type, largest / 127f, 127), 0, 0);
            case ElementType.I4:
                return new(ScaleOf(type, largest / 7f, 7), 0, 0);
            case ElementType.U4 when format.Offset == OffsetKind.ZeroPoint:
                low = low < 0 ? low : 0;
                high = high > 0 ? high : 0;
                float step = ScaleOf(type, (high - low) / 15f, 15);
                float zero = MathF.Round(-low / step, MidpointRounding.ToEven);
                return new(step, 0, (int)(zero > 15 ? 15 : zero));
            case ElementType.U4:
                float scale = ScaleOf(type, (high - low) / 15f, 15);
                return new(scale, FloatConversion.RoundTo(type, low), 0);
            default:
                return new(ScaleOf(type, (float)(sum / values.Length), 1), 0, 0);
        }
    }

    /// <summary>As <see cref="Measure"/> over the values and one more, for symmetric codes: the maximum of a row of which the values are a part.</summary>
    public static GroupParameters MeasureBeside(NumberFormat format, ReadOnlySpan<float> values, float further)
    {
        if (!TryLargest(values, out float magnitude))
            return Measure(format, values, 0); // which names the value
        if (!float.IsFinite(further))
            throw new NonFiniteValueException(values.Length, further);
        int largestCode = format.Element == ElementType.I8 ? 127 : 7;
        return new(ScaleOf(format.ScaleType, MathF.Max(magnitude, MathF.Abs(further)) / largestCode, largestCode), 0, 0);
    }

    /// <summary>Writes scale and offset into their planes.</summary>
    public void Write(in TensorLayout layout, Span<byte> packed, int row, int group)
    {
        TensorCodec.WriteScale(layout, packed, row, group, _scale);
        if (layout.Format.Offset == OffsetKind.ZeroPoint)
            TensorCodec.WriteZeroPoint(layout, packed, row, group, _zero);
        else if (layout.Format.Offset == OffsetKind.Minimum)
            TensorCodec.WriteMinimum(layout, packed, row, group, _minimum);
    }

    /// <summary>The codes of <paramref name="values"/>.</summary>
    public void Encode(NumberFormat format, ReadOnlySpan<float> values, Span<sbyte> codes)
    {
        float scale = _scale;
        switch (format.Element)
        {
            case ElementType.I8:
                Encode(values, codes, scale, -127, 127);
                break;
            case ElementType.I4:
                Encode(values, codes, scale, -8, 7);
                break;
            case ElementType.U4 when format.Offset == OffsetKind.ZeroPoint:
                for (int i = 0; i < values.Length; i++)
                    codes[i] = (sbyte)Clamp(MathF.Round(values[i] / scale, MidpointRounding.ToEven) + _zero, 0, 15);
                break;
            case ElementType.U4:
                for (int i = 0; i < values.Length; i++)
                    codes[i] = (sbyte)Clamp(MathF.Round((values[i] - _minimum) / scale, MidpointRounding.ToEven), 0, 15);
                break;
            case ElementType.Ternary:
                Encode(values, codes, scale, -1, 1);
                break;
            default:
                for (int i = 0; i < values.Length; i++)
                    codes[i] = values[i] >= 0 ? (sbyte)1 : (sbyte)-1;
                break;
        }
    }

    /// <summary>max |x| of finite values, 16 at a time; false where one is not finite, so that the scalar loop can name it.</summary>
    /// <remarks>Magnitudes of floats are ordered as their bits are, infinities and NaN behind all finite ones.</remarks>
    private static bool TryLargest(ReadOnlySpan<float> values, out float largest)
    {
        Vector512<int> magnitude = Vector512.Create(0x7FFFFFFF);
        Vector512<int> most = default;
        int i = 0;
        for (; i + 16 <= values.Length; i += 16)
            most = Vector512.Max(most, Vector512.Create(values.Slice(i, 16)).AsInt32() & magnitude);
        Vector256<int> half = Vector256.Max(most.GetLower(), most.GetUpper());
        Vector128<int> quarter = Vector128.Max(half.GetLower(), half.GetUpper());
        int bits = Math.Max(Math.Max(quarter[0], quarter[1]), Math.Max(quarter[2], quarter[3]));
        for (; i < values.Length; i++)
            bits = Math.Max(bits, BitConverter.SingleToInt32Bits(values[i]) & 0x7FFFFFFF);
        largest = BitConverter.Int32BitsToSingle(bits);
        return bits < 0x7F800000;
    }

    private static void Encode(ReadOnlySpan<float> values, Span<sbyte> codes, float scale, float low, float high)
    {
        int i = 0;
        for (; i + 16 <= values.Length; i += 16)
            Codes(Vector512.Create(values.Slice(i, 16)), scale, low, high).CopyTo(codes[i..]);
        for (; i < values.Length; i++)
            codes[i] = (sbyte)Clamp(MathF.Round(values[i] / scale, MidpointRounding.ToEven), low, high);
    }

    /// <summary>
    /// Sixteen codes. The bounds are whole numbers, so that it does not matter whether they are applied before rounding; 1.5 · 2²³ added to a small number
    /// rounds it to even, and leaves it in the lowest byte.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Codes(Vector512<float> values, float scale, float low, float high)
    {
        Vector512<float> quotient = values / Vector512.Create(scale);
        quotient = Vector512.Min(Vector512.Max(quotient, Vector512.Create(low)), Vector512.Create(high));
        Vector512<int> codes = (quotient + Vector512.Create(12582912f)).AsInt32();
        if (Avx512F.IsSupported)
            return Avx512F.ConvertToVector128SByte(codes);
        Vector256<short> words = Vector256.Narrow(codes.GetLower(), codes.GetUpper());
        return Vector128.Narrow(words.GetLower(), words.GetUpper());
    }

    private static int Clamp(float value, float low, float high)
    {
        value = value < low ? low : value;
        return (int)(value > high ? high : value);
    }

    private static float ScaleOf(ElementType type, float scale, float largestCode)
    {
        scale = FloatConversion.RoundTo(type, scale);
        // A scale rounded up from the very end of binary32, or from a range that overflows, would make the largest code an infinity.
        if (float.IsInfinity(largestCode * scale))
            scale = FloatConversion.RoundTo(type, float.MaxValue / (largestCode + 1));
        return scale == 0 ? 1 : scale;
    }
}
