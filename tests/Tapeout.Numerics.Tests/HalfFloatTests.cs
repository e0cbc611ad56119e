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
}
