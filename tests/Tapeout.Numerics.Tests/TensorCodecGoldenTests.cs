using System.Runtime.InteropServices;
using Tapeout.Testing;

namespace Tapeout.Numerics.Tests;

/// <summary>Bits of the codecs against files written by independent implementations.</summary>
public class TensorCodecGoldenTests
{
    private const int Rows = 50;
    private const int Columns = 128;

    private static byte[] Read(string name) => File.ReadAllBytes(SharedData.PathOf("models/numerics/formats/" + name));

    private static float[] Inputs() => MemoryMarshal.Cast<byte, float>(Read("int/inputs.f32.bin")).ToArray();

    [Theory]
    [InlineData("int8_per_row_max127", "int8-row")]
    [InlineData("int4_per_row_max7", "int4-row")]
    [InlineData("int4_g32_max7", "int4-g32")]
    [InlineData("uint4_g32_asym_integer_zero", "int4-g32-zero")]
    [InlineData("uint4_g32_asym_float_min", "int4-g32-min")]
    [InlineData("ternary_absmean_per_row", "ternary-row")]
    [InlineData("ternary_absmean_per_tensor", "ternary-tensor")]
    public void Quantise_Integers_GoldenBits(string file, string name)
    {
        Assert.True(NumberFormat.TryParse(name, out NumberFormat format));
        byte[] golden = Read($"int/{file}.bin");
        TensorLayout layout = new(format, Rows, Columns);
        byte[] packed = new byte[layout.Bytes];
        TensorCodec.Quantise(format, Inputs(), Rows, Columns, packed);
        float[] decoded = new float[Rows * Columns];
        TensorCodec.Dequantise(format, packed, Rows, Columns, decoded);
        int groups = Math.Max(1, layout.Groups);
        int at = 0;
        for (int row = 0; row < Rows; row++)
        {
            for (int g = 0; g < groups; g++, at += 4)
                Assert.Equal(BitConverter.ToSingle(golden, at), TensorCodec.ReadScale(layout, packed, row, g));
            for (int g = 0; g < groups && format.Offset == OffsetKind.ZeroPoint; g++, at++)
                Assert.Equal(golden[at], TensorCodec.ReadZeroPoint(layout, packed, row, g));
            for (int g = 0; g < groups && format.Offset == OffsetKind.Minimum; g++, at += 4)
                Assert.Equal(BitConverter.ToSingle(golden, at), TensorCodec.ReadMinimum(layout, packed, row, g));
            for (int column = 0; column < Columns; column++, at++)
                Assert.Equal(unchecked((sbyte)golden[at]), TensorCodec.ReadCode(layout, packed, row, column));
            for (int column = 0; column < Columns; column++, at += 4)
            {
                // The golden file was made with float codes and keeps −0 · s; an integer code has one zero.
                uint expected = BitConverter.ToUInt32(golden, at);
                expected = expected == 0x80000000 ? 0 : expected;
                Assert.Equal(expected, BitConverter.SingleToUInt32Bits(decoded[row * Columns + column]));
            }
        }
        Assert.Equal(golden.Length, at);
    }

    [Theory]
    [InlineData("f16")]
    [InlineData("bf16")]
    public void Quantise_HalfFloats_GoldenCodes(string name)
    {
        Assert.True(NumberFormat.TryParse(name, out NumberFormat format));
        byte[] golden = Read($"encode/{name}.bin");
        for (int at = 0; at < golden.Length; at += 8)
        {
            float value = BitConverter.ToSingle(golden, at);
            byte[] packed = new byte[4];
            TensorCodec.Quantise(format, [value], 1, 1, packed);
            ushort code = BitConverter.ToUInt16(packed);
            if (float.IsNaN(value))
                Assert.Equal(name == "f16" ? 0x7E00 : 0x7FC0, code);
            else
                Assert.Equal(BitConverter.ToUInt16(golden, at + 4), code);
        }
    }

    [Theory]
    [InlineData("f16")]
    [InlineData("bf16")]
    public void Dequantise_HalfFloats_GoldenValues(string name)
    {
        Assert.True(NumberFormat.TryParse(name, out NumberFormat format));
        uint[] golden = MemoryMarshal.Cast<byte, uint>(Read($"decode/{name}.u32.bin")).ToArray();
        ushort[] codes = Enumerable.Range(0, 65536).Select(code => (ushort)code).ToArray();
        float[] values = new float[65536];
        TensorCodec.Dequantise(format, MemoryMarshal.AsBytes(codes.AsSpan()), 1, 65536, values);
        for (int code = 0; code < 65536; code++)
        {
            float expected = BitConverter.UInt32BitsToSingle(golden[code]);
            uint bits = float.IsNaN(expected) ? FloatConversion.NaNBits : golden[code];
            Assert.Equal(bits, BitConverter.SingleToUInt32Bits(values[code]));
        }
    }
}
