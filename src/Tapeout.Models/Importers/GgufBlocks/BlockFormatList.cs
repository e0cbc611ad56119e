using Tapeout.Numerics;

namespace Tapeout.Models.Importers.GgufBlocks;

/// <summary>Every ggml tensor type that is read, with the numbers of ggml.h. Types of integers and 64-bit floats hold no weights.</summary>
internal static class BlockFormatList
{
    private static readonly NumberFormat _ternary = new(ElementType.Ternary, ScaleGranularity.Group, 256, OffsetKind.None, ElementType.F16);

    private static readonly NumberFormat _binary = new(ElementType.Binary, ScaleGranularity.Group, 128, OffsetKind.None, ElementType.F16);

    /// <summary>The list.</summary>
    public static IReadOnlyList<BlockFormat> All { get; } =
    [
        new(0, "F32", 1, 4, FloatBlocks.F32, NumberFormat.F32),
        new(1, "F16", 1, 2, FloatBlocks.F16, NumberFormat.F16),
        new(30, "BF16", 1, 2, FloatBlocks.BF16, NumberFormat.BF16),
        new(2, "Q4_0", 32, 18, RoundBlocks.Q4_0, NumberFormat.Int4Group(32, OffsetKind.None, ElementType.F16), RoundBlocks.RepackQ4_0),
        new(3, "Q4_1", 32, 20, RoundBlocks.Q4_1, NumberFormat.Int4Group(32, OffsetKind.Minimum, ElementType.F16), RoundBlocks.RepackQ4_1),
        new(6, "Q5_0", 32, 22, RoundBlocks.Q5_0),
        new(7, "Q5_1", 32, 24, RoundBlocks.Q5_1),
        new(8, "Q8_0", 32, 34, RoundBlocks.Q8_0, NumberFormat.Int8Group(32, ElementType.F16), RoundBlocks.RepackQ8_0),
        new(10, "Q2_K", 256, 84, KBlocks.Q2),
        new(11, "Q3_K", 256, 110, KBlocks.Q3),
        new(12, "Q4_K", 256, 144, KBlocks.Q4),
        new(13, "Q5_K", 256, 176, KBlocks.Q5),
        new(14, "Q6_K", 256, 210, KBlocks.Q6),
        new(20, "IQ4_NL", 32, 18, Table4Blocks.NonLinear),
        new(23, "IQ4_XS", 256, 136, Table4Blocks.NonLinearSuperblock),
        new(39, "MXFP4", 32, 17, Table4Blocks.MxFp4),
        new(40, "NVFP4", 64, 36, Table4Blocks.NvFp4),
        new(34, "TQ1_0", 256, 54, FewBitBlocks.Tq1, _ternary, FewBitBlocks.RepackTq1),
        new(35, "TQ2_0", 256, 66, FewBitBlocks.Tq2, _ternary, FewBitBlocks.RepackTq2),
        new(41, "Q1_0", 128, 18, FewBitBlocks.Q1, _binary, FewBitBlocks.RepackQ1),
        new(42, "Q2_0", 64, 18, FewBitBlocks.Q2),
    ];

    /// <summary>All names, for messages.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(f => f.Name));

    /// <summary>The format with the number <paramref name="type"/>, or null.</summary>
    public static BlockFormat? Find(uint type)
    {
        foreach (BlockFormat format in All)
        {
            if (format.Type == type)
                return format;
        }
        return null;
    }
}
