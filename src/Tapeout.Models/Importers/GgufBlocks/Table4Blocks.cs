using System.Buffers.Binary;

namespace Tapeout.Models.Importers.GgufBlocks;

/// <summary>
/// Four-bit codes into a table of 16 values: IQ4_NL and IQ4_XS (a non-linear grid), MXFP4 (E2M1 with an E8M0 scale per 32) and NVFP4 (E2M1
/// with an unsigned E4M3 scale per 16). E2M1 tables are doubled and scales halved, so that the table is whole numbers. Layouts and the grid:
/// ggml-common.h; E2M1, E8M0: OCP Microscaling Formats 1.0.
/// </summary>
internal static class Table4Blocks
{
    private static ReadOnlySpan<sbyte> Grid => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    private static ReadOnlySpan<sbyte> DoubledE2M1 => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    public static void NonLinear(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 18, y += 32)
            Run(Half(blocks, at), Grid, blocks.Slice(at + 2, 16), values.Slice(y, 32));
    }

    public static void NonLinearSuperblock(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 136)
        {
            float d = Half(blocks, at);
            int high = BinaryPrimitives.ReadUInt16LittleEndian(blocks[(at + 2)..]);
            for (int sub = 0; sub < 8; sub++, y += 32)
            {
                int scale = blocks[at + 4 + sub / 2] >> 4 * (sub % 2) & 15 | (high >> 2 * sub & 3) << 4;
                Run(d * (scale - 32), Grid, blocks.Slice(at + 8 + 16 * sub, 16), values.Slice(y, 32));
            }
        }
    }

    public static void MxFp4(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 17, y += 32)
            Run(HalfOfE8M0(blocks[at]), DoubledE2M1, blocks.Slice(at + 1, 16), values.Slice(y, 32));
    }

    public static void NvFp4(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 36)
        {
            for (int sub = 0; sub < 4; sub++, y += 16)
                Run(HalfOfE4M3(blocks[at + sub]), DoubledE2M1, blocks.Slice(at + 4 + 8 * sub, 8), values.Slice(y, 16));
        }
    }

    /// <summary>Codes in half-block order: the low nibbles are the first half of the elements.</summary>
    private static void Run(float scale, ReadOnlySpan<sbyte> table, ReadOnlySpan<byte> codes, Span<float> values)
    {
        for (int j = 0; j < codes.Length; j++)
        {
            values[j] = table[codes[j] & 15] * scale;
            values[codes.Length + j] = table[codes[j] >> 4] * scale;
        }
    }

    /// <summary>2^(e − 128), subnormal for e below 2. e = 255, NaN in the standard, is read as 2¹²⁷ as ggml does.</summary>
    private static float HalfOfE8M0(int e) => BitConverter.Int32BitsToSingle(e < 2 ? 0x00200000 << e : e - 1 << 23);

    /// <summary>Half of an E4M3 number without sign; 0x7F, NaN in the standard, is read as 0 as ggml does.</summary>
    private static float HalfOfE4M3(int code)
    {
        code &= 0x7f;
        if (code == 0x7f)
            return 0;
        int exponent = code >> 3;
        int mantissa = code & 7;
        // Subnormals: mantissa · 2⁻¹⁰; normals: (8 + mantissa) · 2^(exponent − 11).
        return exponent == 0
            ? mantissa * BitConverter.Int32BitsToSingle(127 - 10 << 23)
            : (8 + mantissa) * BitConverter.Int32BitsToSingle(127 + exponent - 11 << 23);
    }

    private static float Half(ReadOnlySpan<byte> blocks, int at) => (float)BinaryPrimitives.ReadHalfLittleEndian(blocks[at..]);
}
