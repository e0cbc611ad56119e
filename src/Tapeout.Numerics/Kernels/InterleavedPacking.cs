namespace Tapeout.Numerics.Kernels;

/// <summary>Repacks rows of a tensor into the interleaved layout; the target is zeroed, which is what absent rows and k are.</summary>
internal static unsafe class InterleavedPacking
{
    private const int GroupRows = InterleavedWeights.GroupRows;

    public static void PackFloats(
        ElementType source,
        ElementType target,
        in TensorLayout layout,
        byte* bytes,
        int rowFirst,
        int rowCount,
        byte* codes,
        long groupBytes
    )
    {
        int columns = layout.Columns;
        for (int i = 0; i < rowCount; i++)
        {
            byte* row = bytes + (nint)(rowFirst + i) * layout.RowBytes;
            byte* group = codes + i / GroupRows * groupBytes;
            int lane = i % GroupRows;
            if (source == target && source != ElementType.F32)
            {
                for (nint k = 0; k < columns; k++)
                    ((ushort*)group)[k * GroupRows + lane] = ((ushort*)row)[k];
                continue;
            }
            for (int k = 0; k < columns; k++)
                ((float*)group)[(nint)k * GroupRows + lane] = TensorCodec.ReadFloat(source, row, k);
        }
    }

    public static void PackCodes(in TensorLayout layout, byte* bytes, int rowFirst, int rowCount, int unit, byte* codes, long groupBytes)
    {
        ElementType element = layout.Format.Element;
        int whole = layout.Columns / unit;
        int rest = layout.Columns % unit;
        sbyte* tail = stackalloc sbyte[16];
        for (int i = 0; i < rowCount; i++)
        {
            byte* row = bytes + (nint)(rowFirst + i) * layout.RowBytes;
            uint* target = (uint*)(codes + i / GroupRows * groupBytes) + i % GroupRows;
            PackRow(element, row, whole, target);
            if (rest == 0)
                continue;
            TensorCodec.UnpackCodes(element, row, whole * unit, rest, tail);
            (int bits, int bias) = element switch
            {
                ElementType.I8 => (8, 128),
                ElementType.I4 => (4, 8),
                ElementType.U4 => (4, 0),
                _ => (2, 1),
            };
            uint last = 0;
            for (int j = 0; j < rest; j++)
                last |= (uint)(tail[j] + bias) << (j % 4 * 8 + j / 4 * bits);
            target[(nint)whole * GroupRows] = last;
        }
    }

    /// <summary>Scales or minima as [group of rows][group of k][16 rows]; one scale for the tensor is repeated.</summary>
    public static void PackParameters(
        in TensorLayout layout,
        byte* bytes,
        long plane,
        int rowFirst,
        int rowCount,
        ElementType target,
        byte* packed
    )
    {
        int groups = Math.Max(1, layout.Groups);
        for (int i = 0; i < rowCount; i++)
        {
            nint at = (nint)(i / GroupRows) * groups * GroupRows + i % GroupRows;
            for (int group = 0; group < groups; group++, at += GroupRows)
            {
                int index = TensorCodec.ParameterIndex(layout, rowFirst + i, group);
                if (target == ElementType.F32)
                    ((float*)packed)[at] = TensorCodec.ReadFloat(layout.Format.ScaleType, bytes + plane, index);
                else
                    ((ushort*)packed)[at] = ((ushort*)(bytes + plane))[index];
            }
        }
    }

    /// <summary>Zero points as [group of rows][group of k][16 rows].</summary>
    public static void PackZeros(in TensorLayout layout, byte* bytes, int rowFirst, int rowCount, byte* packed)
    {
        int groups = Math.Max(1, layout.Groups);
        for (int i = 0; i < rowCount; i++)
        {
            nint at = (nint)(i / GroupRows) * groups * GroupRows + i % GroupRows;
            for (int group = 0; group < groups; group++, at += GroupRows)
                packed[at] = bytes[layout.OffsetsAt + TensorCodec.ParameterIndex(layout, rowFirst + i, group)];
        }
    }

    private static void PackRow(ElementType element, byte* row, int units, uint* target)
    {
        unchecked
        {
            switch (element)
            {
                case ElementType.I8:
                    for (nint u = 0; u < units; u++)
                        target[u * GroupRows] = ((uint*)row)[u] ^ 0x80808080;
                    break;
                case ElementType.I4:
                case ElementType.U4:
                    for (nint u = 0; u < units; u++)
                    {
                        uint eight = ((uint*)row)[u];
                        target[u * GroupRows] = SpreadNibbles(eight & 0xffff) | SpreadNibbles(eight >> 16) << 4;
                    }
                    break;
                case ElementType.Ternary:
                    for (nint u = 0; u < units; u++)
                    {
                        byte* source = row + u * 4;
                        target[u * GroupRows] =
                            SpreadPairs(source[0])
                            | SpreadPairs(source[1]) << 2
                            | SpreadPairs(source[2]) << 4
                            | SpreadPairs(source[3]) << 6;
                    }
                    break;
                default:
                    for (nint u = 0; u < units; u++)
                    {
                        uint bits = ((ushort*)row)[u];
                        uint low = SpreadBits(bits & 15) | SpreadBits(bits >> 4 & 15) << 2;
                        // A bit is the code 0 or 2.
                        target[u * GroupRows] = (low | SpreadBits(bits >> 8 & 15) << 4 | SpreadBits(bits >> 12) << 6) << 1;
                    }
                    break;
            }
        }
    }

    /// <summary>Four nibbles to the low halves of four bytes.</summary>
    private static uint SpreadNibbles(uint v)
    {
        v = (v | v << 8) & 0x00FF00FF;
        return (v | v << 4) & 0x0F0F0F0F;
    }

    /// <summary>Four pairs of bits to four bytes.</summary>
    private static uint SpreadPairs(uint v)
    {
        v = (v | v << 12) & 0x000F000F;
        return (v | v << 6) & 0x03030303;
    }

    /// <summary>Four bits to four bytes.</summary>
    private static uint SpreadBits(uint v)
    {
        v = (v | v << 14) & 0x00030003;
        return (v | v << 7) & 0x01010101;
    }
}
