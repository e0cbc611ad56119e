namespace Tapeout.Numerics.Tests;

public class TensorCodecTests
{
    /// <summary>Every format that holds values, with groups that divide the columns and groups that do not.</summary>
    public static TheoryData<string> Formats =>
        [
            "f32",
            "f16",
            "bf16",
            "int8-tensor",
            "int8-row",
            "int8-g32",
            "int8-g64@f16",
            "int8-g128@bf16",
            "int4-row",
            "int4-g32",
            "int4-g64@f16",
            "int4-g32-zero",
            "int4-row-zero@f16",
            "int4-g128-zero",
            "int4-g32-min",
            "int4-g32-min@f16",
            "int4-tensor-min",
            "ternary-tensor",
            "ternary-row@bf16",
            "ternary-g256@f16",
            "binary-tensor",
            "binary-row",
            "binary-g128",
        ];

    internal static NumberFormat Parse(string name)
    {
        Assert.True(NumberFormat.TryParse(name, out NumberFormat format), name);
        return format;
    }

    internal static float[] Normal(int count, int seed)
    {
        Random random = new(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Dequantise_IsWithinHalfAStep(string name)
    {
        NumberFormat format = Parse(name);
        const int Rows = 5;
        foreach (int columns in new[] { 1, 31, 172, 576 })
        {
            float[] values = Normal(Rows * columns, columns);
            TensorLayout layout = new(format, Rows, columns);
            byte[] packed = new byte[layout.Bytes];
            TensorCodec.Quantise(format, values, Rows, columns, packed);
            float[] decoded = new float[values.Length];
            TensorCodec.Dequantise(format, packed, Rows, columns, decoded);
            float[] part = new float[columns];
            for (int row = 0; row < Rows; row++)
            {
                TensorCodec.DequantiseRow(layout, packed, row, part);
                Assert.Equal(decoded.AsSpan(row * columns, columns).ToArray(), part);
                for (int column = 0; column < columns; column++)
                {
                    float value = values[row * columns + column];
                    float error = MathF.Abs(value - decoded[row * columns + column]);
                    if (format.IsFloat)
                    {
                        // 2⁻²⁵ is half a step of the subnormals of binary16.
                        Assert.True(error <= MathF.Abs(value) * (format.Element == ElementType.BF16 ? 1f / 256 : 1f / 2048) + 2.98e-8f);
                        continue;
                    }
                    int group = format.GroupSize == 0 ? 0 : column / format.GroupSize;
                    float scale = TensorCodec.ReadScale(layout, packed, row, group);
                    // Ternary and binary cut the tails off; a 16-bit scale or minimum moves the ends of the range.
                    if (format.Element is ElementType.I8 or ElementType.I4 or ElementType.U4)
                        Assert.True(
                            error <= scale * (format.ScaleType == ElementType.F32 ? 0.5001f : 0.8f),
                            $"{name} {value} {error} {scale}"
                        );
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void WriteCode_RebuildsTheBytesOfThePacker(string name)
    {
        NumberFormat format = Parse(name);
        if (format.IsFloat)
            return;
        const int Rows = 3;
        const int Columns = 77;
        TensorLayout layout = new(format, Rows, Columns);
        byte[] packed = new byte[layout.Bytes];
        TensorCodec.Quantise(format, Normal(Rows * Columns, 1), Rows, Columns, packed);
        byte[] rebuilt = new byte[layout.Bytes];
        for (int row = 0; row < Rows; row++)
        {
            sbyte[] codes = new sbyte[Columns];
            TensorCodec.UnpackCodes(layout, packed, row, 0, codes);
            for (int column = 0; column < Columns; column++)
            {
                int code = TensorCodec.ReadCode(layout, packed, row, column);
                Assert.Equal(code, codes[column]);
                TensorCodec.WriteCode(layout, rebuilt, row, column, code);
            }
            for (int first = 0; first < 9; first++)
            {
                sbyte[] tail = new sbyte[Columns - first];
                TensorCodec.UnpackCodes(layout, packed, row, first, tail);
                Assert.Equal(codes[first..], tail);
            }
            for (int group = 0; group < Math.Max(1, layout.Groups); group++)
            {
                TensorCodec.WriteScale(layout, rebuilt, row, group, TensorCodec.ReadScale(layout, packed, row, group));
                if (format.Offset == OffsetKind.ZeroPoint)
                    TensorCodec.WriteZeroPoint(layout, rebuilt, row, group, TensorCodec.ReadZeroPoint(layout, packed, row, group));
                if (format.Offset == OffsetKind.Minimum)
                    TensorCodec.WriteMinimum(layout, rebuilt, row, group, TensorCodec.ReadMinimum(layout, packed, row, group));
            }
        }
        Assert.Equal(packed, rebuilt);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void QuantiseRow_AppendsTheBitsOfTheWhole(string name)
    {
        NumberFormat format = Parse(name);
        const int Rows = 4;
        const int Columns = 64;
        float[] values = Normal(Rows * Columns, 2);
        TensorLayout layout = new(format, Rows, Columns);
        byte[] whole = new byte[layout.Bytes];
        TensorCodec.Quantise(format, values, Rows, Columns, whole);
        byte[] appended = new byte[layout.Bytes];
        if (format.Granularity == ScaleGranularity.Tensor)
        {
            Assert.Throws<ArgumentException>(() => TensorCodec.QuantiseRow(layout, values.AsSpan(0, Columns), appended, 0));
            return;
        }
        foreach (int row in new[] { 2, 0, 3, 1 })
            TensorCodec.QuantiseRow(layout, values.AsSpan(row * Columns, Columns), appended, row);
        Assert.Equal(whole, appended);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Quantise_NonFinite_IsRefusedWithItsIndexOrPasses(string name)
    {
        NumberFormat format = Parse(name);
        float[] values = Normal(3 * 40, 3);
        values[90] = float.NaN;
        byte[] packed = new byte[new TensorLayout(format, 3, 40).Bytes];
        if (format.IsFloat)
        {
            TensorCodec.Quantise(format, values, 3, 40, packed);
            float[] decoded = new float[120];
            TensorCodec.Dequantise(format, packed, 3, 40, decoded);
            Assert.True(float.IsNaN(decoded[90]));
            return;
        }
        NonFiniteValueException found = Assert.Throws<NonFiniteValueException>(() => TensorCodec.Quantise(format, values, 3, 40, packed));
        Assert.Equal(90, found.Index);
        values[90] = 1;
        values[41] = float.NegativeInfinity;
        found = Assert.Throws<NonFiniteValueException>(() => TensorCodec.Quantise(format, values, 3, 40, packed));
        Assert.Equal(41, found.Index);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Quantise_ExtremeValues_StayFinite(string name)
    {
        NumberFormat format = Parse(name);
        if (!format.IsQuantised)
            return;
        foreach (float size in new[] { float.MaxValue, float.Epsilon, 1e-40f, 0f, 1e-8f, 1e7f })
        {
            float[] values = [size, -size, 0, size / 3, -0f, -size / 7, size, -size];
            byte[] packed = new byte[new TensorLayout(format, 1, 8).Bytes];
            TensorCodec.Quantise(format, values, 1, 8, packed);
            float[] decoded = new float[8];
            TensorCodec.Dequantise(format, packed, 1, 8, decoded);
            Assert.All(decoded, value => Assert.True(float.IsFinite(value), $"{name} {size}"));
        }
    }

    [Fact]
    public void Quantise_HalfScale_CodesUseTheRoundedScale()
    {
        NumberFormat format = Parse("int8-g32@f16");
        // 100 / 127 rounds up in binary16 and 76.6 / s then lies below the half that it lies above with the exact scale.
        float exact = 100f / 127f;
        float rounded = FloatConversion.FromF16(FloatConversion.ToF16(exact));
        float value = 0;
        for (int code = 1; code < 127 && value == 0; code++)
        {
            float between = (code + 0.5f) * ((exact + rounded) / 2);
            if (MathF.Round(between / exact) != MathF.Round(between / rounded))
                value = between;
        }
        Assert.NotEqual(0, value);
        TensorLayout layout = new(format, 1, 2);
        byte[] packed = new byte[layout.Bytes];
        TensorCodec.Quantise(format, [100f, value], 1, 2, packed);
        Assert.Equal(rounded, TensorCodec.ReadScale(layout, packed, 0, 0));
        Assert.Equal((int)MathF.Round(value / rounded), TensorCodec.ReadCode(layout, packed, 0, 1));
    }

    [Fact]
    public void Quantise_Binary_ZeroIsPlusOne()
    {
        NumberFormat format = Parse("binary-row");
        TensorLayout layout = new(format, 1, 4);
        byte[] packed = new byte[layout.Bytes];
        TensorCodec.Quantise(format, [0f, -0f, -3f, 1f], 1, 4, packed);
        Assert.Equal(1f, TensorCodec.ReadScale(layout, packed, 0, 0));
        Assert.Equal([1, 1, -1, 1], Enumerable.Range(0, 4).Select(column => TensorCodec.ReadCode(layout, packed, 0, column)));
    }

    [Fact]
    public void Quantise_ShortSpans_AreRefused()
    {
        byte[] packed = new byte[1024];
        Assert.Throws<ArgumentException>(() => TensorCodec.Quantise(NumberFormat.F32, new float[7], 2, 4, packed));
        Assert.Throws<ArgumentException>(() => TensorCodec.Quantise(NumberFormat.F32, new float[8], 2, 4, new byte[31]));
        Assert.Throws<ArgumentException>(() => TensorCodec.Quantise(NumberFormat.I32, new float[8], 2, 4, packed));
        TensorLayout layout = new(NumberFormat.F32, 2, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorCodec.DequantiseRow(layout, packed, 2, new float[4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorCodec.DequantiseRow(layout, packed, 0, 2, new float[3]));
    }
}
