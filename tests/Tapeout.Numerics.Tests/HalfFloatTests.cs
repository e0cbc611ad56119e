using System.Runtime.InteropServices;

namespace Tapeout.Numerics.Tests;

public class HalfFloatTests
{
    /// <summary>The loops that convert many at once, against one at a time, over all 2¹⁶ bits and every place in a vector.</summary>
    [Theory]
    [InlineData("f16")]
    [InlineData("bf16")]
    public void DequantiseRow_EveryHalfFloat_AsOneByOne(string name)
    {
        NumberFormat format = TensorCodecTests.Parse(name);
        ushort[] bits = [.. Enumerable.Range(0, 1 << 16).Select(i => (ushort)i)];
        TensorLayout layout = new(format, 1, bits.Length);
        float[] values = new float[bits.Length];
        foreach (int first in new[] { 0, 1, 7, 15 })
        {
            Span<float> part = values.AsSpan(0, bits.Length - first);
            TensorCodec.DequantiseRow(layout, MemoryMarshal.AsBytes(bits.AsSpan()), 0, first, part);
            for (int i = 0; i < part.Length; i++)
            {
                float expected = name == "f16" ? FloatConversion.FromF16(bits[first + i]) : FloatConversion.FromBF16(bits[first + i]);
                if (BitConverter.SingleToUInt32Bits(expected) != BitConverter.SingleToUInt32Bits(part[i]))
                    Assert.Fail($"{bits[first + i]:x4} is {expected:R}, but {part[i]:R} came out");
            }
        }
    }

    /// <summary>Every sign, exponent and upper mantissa, with what decides the rounding around each half-way case.</summary>
    [Fact]
    public void ToF16_ManyAtATime_BitsOfOne()
    {
        uint[] lows =
        [
            0,
            1,
            0x0FFF,
            0x1000,
            0x1001,
            0x1FFF,
            0x2000,
            0x2FFF,
            0x3000,
            0x3001,
            0x7000,
            0x8000,
            0xAAAA,
            0xEFFF,
            0xF000,
            0xF001,
            0xFFFF,
        ];
        float[] values = new float[lows.Length];
        ushort[] halves = new ushort[lows.Length];
        for (uint high = 0; high <= 0xFFFF; high++)
        {
            for (int i = 0; i < lows.Length; i++)
                values[i] = BitConverter.UInt32BitsToSingle(high << 16 | lows[i]);
            FloatConversion.ToF16(values, halves);
            for (int i = 0; i < lows.Length; i++)
                Assert.Equal(FloatConversion.ToF16(values[i]), halves[i]);
        }
    }
}
