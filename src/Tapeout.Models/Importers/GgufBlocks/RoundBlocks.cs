using System.Buffers.Binary;

namespace Tapeout.Models.Importers.GgufBlocks;

/// <summary>
/// The types with 32 elements a block: a binary16 scale d, for _1 types a binary16 minimum m, then codes. Four-bit codes lie in half-block
/// order: the low nibble of byte j is element j, the high nibble element j + 16. Layouts: ggml-common.h.
/// </summary>
internal static class RoundBlocks
{
    private const int Elements = 32;

    public static void Q4_0(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 18, y += Elements)
        {
            float d = Scale(blocks, at);
            ReadOnlySpan<byte> codes = blocks.Slice(at + 2, 16);
            for (int j = 0; j < 16; j++)
            {
                values[y + j] = ((codes[j] & 15) - 8) * d;
                values[y + 16 + j] = ((codes[j] >> 4) - 8) * d;
            }
        }
    }

    public static void Q4_1(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 20, y += Elements)
        {
            float d = Scale(blocks, at);
            float m = Scale(blocks, at + 2);
            ReadOnlySpan<byte> codes = blocks.Slice(at + 4, 16);
            for (int j = 0; j < 16; j++)
            {
                values[y + j] = (codes[j] & 15) * d + m;
                values[y + 16 + j] = (codes[j] >> 4) * d + m;
            }
        }
    }

    public static void Q5_0(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 22, y += Elements)
        {
            float d = Scale(blocks, at);
            uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(blocks[(at + 2)..]);
            ReadOnlySpan<byte> codes = blocks.Slice(at + 6, 16);
            for (int j = 0; j < 16; j++)
            {
                values[y + j] = ((codes[j] & 15 | Bit(fifth, j) << 4) - 16) * d;
                values[y + 16 + j] = ((codes[j] >> 4 | Bit(fifth, j + 16) << 4) - 16) * d;
            }
        }
    }

    public static void Q5_1(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 24, y += Elements)
        {
            float d = Scale(blocks, at);
            float m = Scale(blocks, at + 2);
            uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(blocks[(at + 4)..]);
            ReadOnlySpan<byte> codes = blocks.Slice(at + 8, 16);
            for (int j = 0; j < 16; j++)
            {
                values[y + j] = (codes[j] & 15 | Bit(fifth, j) << 4) * d + m;
                values[y + 16 + j] = (codes[j] >> 4 | Bit(fifth, j + 16) << 4) * d + m;
            }
        }
    }

    public static void Q8_0(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 34, y += Elements)
        {
            float d = Scale(blocks, at);
            for (int j = 0; j < Elements; j++)
                values[y + j] = unchecked((sbyte)blocks[at + 2 + j]) * d;
        }
    }

    public static bool RepackQ4_0(ReadOnlySpan<byte> blocks, Span<byte> codes, Span<byte> scales, Span<byte> minima)
    {
        for (int at = 0, b = 0; at < blocks.Length; at += 18, b++)
        {
            blocks.Slice(at, 2).CopyTo(scales[(2 * b)..]);
            InterleaveHalves(blocks.Slice(at + 2, 16), codes.Slice(16 * b, 16));
        }
        return true;
    }

    public static bool RepackQ4_1(ReadOnlySpan<byte> blocks, Span<byte> codes, Span<byte> scales, Span<byte> minima)
    {
        for (int at = 0, b = 0; at < blocks.Length; at += 20, b++)
        {
            blocks.Slice(at, 2).CopyTo(scales[(2 * b)..]);
            blocks.Slice(at + 2, 2).CopyTo(minima[(2 * b)..]);
            InterleaveHalves(blocks.Slice(at + 4, 16), codes.Slice(16 * b, 16));
        }
        return true;
    }

    public static bool RepackQ8_0(ReadOnlySpan<byte> blocks, Span<byte> codes, Span<byte> scales, Span<byte> minima)
    {
        for (int at = 0, b = 0; at < blocks.Length; at += 34, b++)
        {
            blocks.Slice(at, 2).CopyTo(scales[(2 * b)..]);
            blocks.Slice(at + 2, Elements).CopyTo(codes[(Elements * b)..]);
        }
        return true;
    }

    /// <summary>From half-block order (j and j + 16 in a byte) to column order (2k and 2k + 1 in a byte), eight bytes at a time.</summary>
    private static void InterleaveHalves(ReadOnlySpan<byte> from, Span<byte> to)
    {
        ulong first = BinaryPrimitives.ReadUInt64LittleEndian(from);
        ulong second = BinaryPrimitives.ReadUInt64LittleEndian(from[8..]);
        const ulong Low = 0x0f0f0f0f0f0f0f0f;
        BinaryPrimitives.WriteUInt64LittleEndian(to, PackNibbles(first & Low) | (ulong)PackNibbles(second & Low) << 32);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], PackNibbles(first >> 4 & Low) | (ulong)PackNibbles(second >> 4 & Low) << 32);
    }

    /// <summary>Eight nibbles in eight bytes to eight nibbles in four.</summary>
    private static uint PackNibbles(ulong x)
    {
        unchecked
        {
            x = (x | x >> 4) & 0x00ff00ff00ff00ff;
            x = (x | x >> 8) & 0x0000ffff0000ffff;
            return (uint)(x | x >> 16);
        }
    }

    private static int Bit(uint bits, int index) => (int)(bits >> index & 1);

    private static float Scale(ReadOnlySpan<byte> blocks, int at) => (float)BinaryPrimitives.ReadHalfLittleEndian(blocks[at..]);
}
