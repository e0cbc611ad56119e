using System.Buffers.Binary;

namespace Tapeout.Models.Importers.GgufBlocks;

/// <summary>
/// The K types: superblocks of 256 with a binary16 scale d (and minimum scale dmin), and small integer scales for sub-blocks of 16 or 32.
/// Layouts: ggml-common.h. Products are taken in the order written here, each rounded to binary32.
/// </summary>
internal static class KBlocks
{
    private const int Elements = 256;

    public static void Q2(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 84)
        {
            ReadOnlySpan<byte> block = blocks.Slice(at, 84);
            float d = Half(block, 80);
            float minimum = Half(block, 82);
            for (int sub = 0; sub < 16; sub++)
            {
                float scale = d * (block[sub] & 15);
                float offset = minimum * (block[sub] >> 4);
                ReadOnlySpan<byte> codes = block.Slice(16 + 32 * (sub / 8) + 16 * (sub % 2), 16);
                int shift = 2 * (sub % 8 / 2);
                for (int l = 0; l < 16; l++)
                    values[y++] = scale * (codes[l] >> shift & 3) - offset;
            }
        }
    }

    public static void Q3(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 110)
        {
            ReadOnlySpan<byte> block = blocks.Slice(at, 110);
            ReadOnlySpan<byte> scales = block.Slice(96, 12);
            float d = Half(block, 108);
            for (int sub = 0; sub < 16; sub++)
            {
                int low = scales[sub % 8] >> 4 * (sub / 8) & 15;
                int high = scales[8 + sub % 4] >> 2 * (sub / 4) & 3;
                float scale = d * ((low | high << 4) - 32);
                int column = 16 * (sub % 2);
                ReadOnlySpan<byte> thirdBits = block.Slice(column, 16);
                ReadOnlySpan<byte> codes = block.Slice(32 + 32 * (sub / 8) + column, 16);
                int shift = 2 * (sub % 8 / 2);
                int bit = sub / 2;
                for (int l = 0; l < 16; l++)
                    values[y++] = scale * ((codes[l] >> shift & 3) - ((thirdBits[l] >> bit & 1) != 0 ? 0 : 4));
            }
        }
    }

    public static void Q4(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 144)
        {
            ReadOnlySpan<byte> block = blocks.Slice(at, 144);
            float d = Half(block, 0);
            float minimum = Half(block, 2);
            for (int sub = 0; sub < 8; sub++)
            {
                (int s, int m) = ScaleAndMinimum(block.Slice(4, 12), sub);
                float scale = d * s;
                float offset = minimum * m;
                ReadOnlySpan<byte> codes = block.Slice(16 + 32 * (sub / 2), 32);
                int shift = 4 * (sub % 2);
                for (int l = 0; l < 32; l++)
                    values[y++] = scale * (codes[l] >> shift & 15) - offset;
            }
        }
    }

    public static void Q5(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 176)
        {
            ReadOnlySpan<byte> block = blocks.Slice(at, 176);
            float d = Half(block, 0);
            float minimum = Half(block, 2);
            ReadOnlySpan<byte> fifthBits = block.Slice(16, 32);
            for (int sub = 0; sub < 8; sub++)
            {
                (int s, int m) = ScaleAndMinimum(block.Slice(4, 12), sub);
                float scale = d * s;
                float offset = minimum * m;
                ReadOnlySpan<byte> codes = block.Slice(48 + 32 * (sub / 2), 32);
                int shift = 4 * (sub % 2);
                for (int l = 0; l < 32; l++)
                    values[y++] = scale * ((codes[l] >> shift & 15) | (fifthBits[l] >> sub & 1) << 4) - offset;
            }
        }
    }

    public static void Q6(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int at = 0, y = 0; at < blocks.Length; at += 210, y += Elements)
        {
            ReadOnlySpan<byte> block = blocks.Slice(at, 210);
            float d = Half(block, 208);
            for (int i = 0; i < Elements; i++)
            {
                // Each half of 128 elements: four runs of 32; runs 0 and 1 in low nibbles, 2 and 3 in high ones.
                int half = i / 128;
                int run = i % 128 / 32;
                int l = i % 32;
                int low = block[64 * half + 32 * (run % 2) + l] >> 4 * (run / 2) & 15;
                int high = block[128 + 32 * half + l] >> 2 * run & 3;
                int scale = unchecked((sbyte)block[192 + i / 16]);
                values[y + i] = d * scale * ((low | high << 4) - 32);
            }
        }
    }

    /// <summary>The eight 6-bit scales and minima of Q4_K and Q5_K, packed in 12 bytes.</summary>
    private static (int Scale, int Minimum) ScaleAndMinimum(ReadOnlySpan<byte> packed, int sub) =>
        sub < 4
            ? (packed[sub] & 63, packed[sub + 4] & 63)
            : (packed[sub + 4] & 15 | packed[sub - 4] >> 6 << 4, packed[sub + 4] >> 4 | packed[sub] >> 6 << 4);

    private static float Half(ReadOnlySpan<byte> block, int at) => (float)BinaryPrimitives.ReadHalfLittleEndian(block[at..]);
}
