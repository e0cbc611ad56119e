using System.Buffers.Binary;

namespace Tapeout.Models.Importers.GgufBlocks;

/// <summary>
/// Ternary and one- and two-bit types with one binary16 scale a block. TQ1_0 holds five base-3 digits a byte (48 bytes) and four a byte (4
/// bytes); TQ2_0 two bits in planes of 32 elements; Q1_0 one bit (+d, −d); Q2_0 two bits (−d, 0, d, 2d). Layouts: ggml-common.h.
/// </summary>
internal static class FewBitBlocks
{
    public static void Tq1(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Span<byte> digits = stackalloc byte[256];
        for (int at = 0, y = 0; at < blocks.Length; at += 54, y += 256)
        {
            float d = Half(blocks, at + 52);
            Tq1Digits(blocks.Slice(at, 52), digits);
            for (int i = 0; i < 256; i++)
                values[y + i] = (digits[i] - 1) * d;
        }
    }

    public static void Tq2(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 66, y += 256)
        {
            float d = Half(blocks, at + 64);
            for (int i = 0; i < 256; i++)
                values[y + i] = ((blocks[at + 32 * (i / 128) + i % 32] >> 2 * (i % 128 / 32) & 3) - 1) * d;
        }
    }

    public static void Q1(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 18, y += 128)
        {
            float d = Half(blocks, at);
            for (int i = 0; i < 128; i++)
                values[y + i] = (blocks[at + 2 + i / 8] >> i % 8 & 1) != 0 ? d : -d;
        }
    }

    public static void Q2(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 18, y += 64)
        {
            float d = Half(blocks, at);
            for (int i = 0; i < 64; i++)
                values[y + i] = ((blocks[at + 2 + i / 4] >> 2 * (i % 4) & 3) - 1) * d;
        }
    }

    public static bool RepackTq1(ReadOnlySpan<byte> blocks, Span<byte> codes, Span<byte> scales, Span<byte> minima)
    {
        Span<byte> digits = stackalloc byte[256];
        for (int at = 0, b = 0; at < blocks.Length; at += 54, b++)
        {
            blocks.Slice(at + 52, 2).CopyTo(scales[(2 * b)..]);
            Tq1Digits(blocks.Slice(at, 52), digits);
            for (int i = 0; i < 64; i++)
                codes[64 * b + i] = (byte)(digits[4 * i] | digits[4 * i + 1] << 2 | digits[4 * i + 2] << 4 | digits[4 * i + 3] << 6);
        }
        return true;
    }

    public static bool RepackTq2(ReadOnlySpan<byte> blocks, Span<byte> codes, Span<byte> scales, Span<byte> minima)
    {
        int fourth = 0;
        for (int at = 0, b = 0; at < blocks.Length; at += 66, b++)
        {
            blocks.Slice(at + 64, 2).CopyTo(scales[(2 * b)..]);
            for (int i = 0; i < 64; i++)
            {
                // Output byte i holds elements 4i … 4i + 3, which lie in one plane of four neighbouring bytes.
                int from = at + 32 * (i / 32) + 4 * i % 32;
                int shift = 2 * (i % 32 / 8);
                int packed =
                    (blocks[from] >> shift & 3)
                    | (blocks[from + 1] >> shift & 3) << 2
                    | (blocks[from + 2] >> shift & 3) << 4
                    | (blocks[from + 3] >> shift & 3) << 6;
                fourth |= packed & packed >> 1 & 0x55;
                codes[64 * b + i] = (byte)packed;
            }
        }
        // Code 3 would be +2, which no ternary format holds.
        return fourth == 0;
    }

    public static bool RepackQ1(ReadOnlySpan<byte> blocks, Span<byte> codes, Span<byte> scales, Span<byte> minima)
    {
        for (int at = 0, b = 0; at < blocks.Length; at += 18, b++)
        {
            blocks.Slice(at, 2).CopyTo(scales[(2 * b)..]);
            blocks.Slice(at + 2, 16).CopyTo(codes[(16 * b)..]);
        }
        return true;
    }

    /// <summary>The 256 digits 0, 1, 2 of 52 bytes: 32 bytes give digits in planes of 32, 16 bytes in planes of 16, 4 bytes in planes of 4.</summary>
    private static void Tq1Digits(ReadOnlySpan<byte> packed, Span<byte> digits)
    {
        int y = Planes(packed[..32], 5, digits, 0);
        y = Planes(packed.Slice(32, 16), 5, digits, y);
        Planes(packed.Slice(48, 4), 4, digits, y);
    }

    private static int Planes(ReadOnlySpan<byte> packed, int count, Span<byte> digits, int y)
    {
        // A byte is a fraction of 256 in base 3: multiplying by 3ⁿ (mod 256) brings digit n to the front, times 3 reads it.
        for (int n = 0, power = 1; n < count; n++, power *= 3)
        {
            foreach (byte value in packed)
                digits[y++] = (byte)((value * power & 255) * 3 >> 8);
        }
        return y;
    }

    private static float Half(ReadOnlySpan<byte> blocks, int at) => (float)BinaryPrimitives.ReadHalfLittleEndian(blocks[at..]);
}
