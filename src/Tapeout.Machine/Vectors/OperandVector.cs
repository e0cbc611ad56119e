using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine.Vectors;

/// <summary>The bits of one operand or result of an instruction, at one tile.</summary>
/// <param name="Name">The operand's name in the instruction table.</param>
/// <param name="IsResult">True for what the instruction left there, false for what it found.</param>
/// <param name="Buffer">The buffer's name.</param>
/// <param name="Inner">The matrix of the inner stack: page, leaf, node; 0 without one.</param>
/// <param name="Rows">The rows, in the tensor's own numbers.</param>
/// <param name="Columns">The columns, in the tensor's own numbers.</param>
/// <param name="Layout">The layout of <paramref name="Bytes"/>: the region alone, from row and column 0.</param>
/// <param name="Bytes">The bits.</param>
public sealed record OperandVector(
    string Name,
    bool IsResult,
    string Buffer,
    int Inner,
    AxisRange Rows,
    AxisRange Columns,
    TensorLayout Layout,
    ReadOnlyMemory<byte> Bytes
)
{
    /// <summary>SHA-256 of the bytes, in hexadecimal.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Bytes.Span));

    /// <summary>The numbers, row by row: de-quantised, or integers where the format is i32.</summary>
    public double[] Values()
    {
        int count = checked(Layout.Rows * Layout.Columns);
        if (Layout.Format.Element == ElementType.I32)
            return [.. MemoryMarshal.Cast<byte, int>(Bytes.Span)[..count].ToArray().Select(i => (double)i)];
        float[] values = new float[count];
        TensorCodec.Dequantise(Layout.Format, Bytes.Span, Layout.Rows, Layout.Columns, values);
        return [.. values.Select(v => (double)v)];
    }
}
