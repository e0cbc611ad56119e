using System.Runtime.InteropServices;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine.Fast;

/// <summary>
/// Weights repacked for vector lanes that own a row each. A panel is 32 rows, four groups of eight. Integers lie as unsigned codes, four
/// consecutive k of a row in each 32-bit lane, 32 k together: a byte a code, or two or four codes a byte (bits 0–3 quad j, bits 4–7 quad
/// j + 4; in pairs of bits quads j, j + 2, j + 4, j + 6). Floats lie k by k, 32 rows beside each other, as binary32 or as their 16 bits.
/// Rows and k that are not there are zero and are never written to a result.
/// </summary>
internal sealed unsafe class WeightPanels : IDisposable
{
    /// <summary>Rows of a panel.</summary>
    public const int PanelRows = 32;

    /// <summary>K are padded to a multiple of this.</summary>
    public const int Step = 32;

    private WeightPanels(in ProductRule rule, int rows, int columns, WeightCode code)
    {
        Rule = rule;
        Rows = rows;
        Columns = columns;
        Code = code;
        Panels = (rows + PanelRows - 1) / PanelRows;
        Groups = rule.Kind == ProductKind.IntegerBlocks ? (columns + rule.Block - 1) / rule.Block : 1;
        int padded = code is WeightCode.Float or WeightCode.Half or WeightCode.BrainFloat ? columns : (columns + Step - 1) / Step * Step;
        PanelBytes = (long)padded * PanelRows * BitsOf(code) / 8;
        Codes = (byte*)NativeMemory.AlignedAlloc((nuint)(PanelBytes * Panels + 64), 64);
        NativeMemory.Clear(Codes, (nuint)(PanelBytes * Panels + 64));
        if (rule.Kind == ProductKind.FloatFold)
            return;
        Scales = Floats();
        if (rule.Weight.Offset == OffsetKind.Minimum)
            Minima = Floats();
        if (rule.Weight.Offset == OffsetKind.ZeroPoint)
            Zeros = (int*)Floats();
    }

    public ProductRule Rule { get; }

    /// <summary>Output channels.</summary>
    public int Rows { get; }

    /// <summary>K.</summary>
    public int Columns { get; }

    public WeightCode Code { get; }

    public int Panels { get; }

    /// <summary>Integer blocks of a row, each with its scale; 1 where one scale is over all of K.</summary>
    public int Groups { get; }

    public long PanelBytes { get; }

    public byte* Codes { get; }

    /// <summary>Scales [panel, block, 32], where weights are integers.</summary>
    public float* Scales { get; }

    /// <summary>Minima, laid out as the scales; null without.</summary>
    public float* Minima { get; }

    /// <summary>Zero points, laid out as the scales; null without.</summary>
    public int* Zeros { get; }

    /// <summary>What is taken from each code to get its value: 128 for int8 and so on.</summary>
    public int CodeOffset =>
        Rule.Weight.Element switch
        {
            ElementType.I8 => 128,
            ElementType.I4 => 8,
            ElementType.Ternary or ElementType.Binary => 1,
            _ => 0,
        };

    /// <summary>How weights of a rule are laid out; null where there is no kernel for them.</summary>
    public static WeightCode? CodeFor(in ProductRule rule)
    {
        NumberFormat weight = rule.Weight;
        if (rule.Kind == ProductKind.FloatFold)
        {
            return weight.Element switch
            {
                ElementType.F16 => WeightCode.Half,
                ElementType.BF16 => WeightCode.BrainFloat,
                _ => WeightCode.Float,
            };
        }
        if (rule.Kind == ProductKind.IntegerBlocks && rule.Block % Step != 0)
            return null;
        return weight.Element switch
        {
            ElementType.I8 => WeightCode.Eight,
            ElementType.I4 or ElementType.U4 => WeightCode.Four,
            ElementType.Ternary or ElementType.Binary => WeightCode.Two,
            _ => null,
        };
    }

    /// <summary>Repacks rows and columns (global numbers) of a packed tensor.</summary>
    public static WeightPanels Pack(in ProductRule rule, PackedTensor tensor, AxisRange rows, AxisRange columns)
    {
        WeightPanels panels = new(
            rule,
            rows.Count,
            columns.Count,
            CodeFor(rule) ?? throw new ArgumentException("No kernel.", nameof(rule))
        );
        TensorLayout layout = new(tensor.Format, tensor.Rows, tensor.Columns);
        Parallel.For(0, panels.Panels, panel => panels.PackPanel(panel, layout, tensor.Bytes, rows, columns));
        return panels;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Codes);
        NativeMemory.AlignedFree(Scales);
        NativeMemory.AlignedFree(Minima);
        NativeMemory.AlignedFree(Zeros);
    }

    private static int BitsOf(WeightCode code) =>
        code switch
        {
            WeightCode.Float => 32,
            WeightCode.Half or WeightCode.BrainFloat => 16,
            WeightCode.Eight => 8,
            WeightCode.Four => 4,
            _ => 2,
        };

    private float* Floats()
    {
        nuint bytes = (nuint)(4L * Panels * Groups * PanelRows);
        float* memory = (float*)NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(memory, bytes);
        return memory;
    }

    private void PackPanel(int panel, TensorLayout layout, ReadOnlyMemory<byte> memory, AxisRange rows, AxisRange columns)
    {
        ReadOnlySpan<byte> bytes = memory.Span;
        int count = Math.Min(PanelRows, Rows - panel * PanelRows);
        byte* target = Codes + panel * PanelBytes;
        float[] values = new float[Columns];
        sbyte[] codes = new sbyte[Columns];
        for (int i = 0; i < count; i++)
        {
            int row = rows.Start + panel * PanelRows + i;
            if (Rule.Kind == ProductKind.FloatFold)
            {
                TensorCodec.DequantiseRow(layout, bytes, row, columns.Start, values);
                for (int k = 0; k < Columns; k++)
                    WriteFloat(target, k, i, values[k]);
                continue;
            }
            TensorCodec.UnpackCodes(layout, bytes, row, columns.Start, codes);
            for (int k = 0; k < Columns; k++)
                WriteCode(target, k, i, codes[k]);
            int size = Rule.Weight.GroupSize == 0 ? int.MaxValue : Rule.Weight.GroupSize;
            for (int block = 0; block < Groups; block++)
            {
                int group = (int)(((long)columns.Start + (long)block * (Groups == 1 ? 0 : Rule.Block)) / size);
                long at = ((long)panel * Groups + block) * PanelRows + i;
                Scales[at] = TensorCodec.ReadScale(layout, bytes, row, group);
                if (Minima is not null)
                    Minima[at] = TensorCodec.ReadMinimum(layout, bytes, row, group);
                if (Zeros is not null)
                    Zeros[at] = TensorCodec.ReadZeroPoint(layout, bytes, row, group);
            }
        }
    }

    private void WriteFloat(byte* panel, int k, int row, float value)
    {
        long at = (long)k * PanelRows + row;
        if (Code == WeightCode.Float)
            ((float*)panel)[at] = value;
        else if (Code == WeightCode.Half)
            ((Half*)panel)[at] = (Half)value;
        else
            ((ushort*)panel)[at] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
    }

    private void WriteCode(byte* panel, int k, int row, int code)
    {
        // Binary codes −1 and 1 become 0 and 2, so that their offset is 1 like that of ternary ones.
        uint value = (uint)(code + CodeOffset);
        int quad = k % Step / 4;
        byte* block = panel + k / Step * (long)(Step * PanelRows * BitsOf(Code) / 8);
        int quadsPerByte = 8 / BitsOf(Code);
        int stored = quad % (8 / quadsPerByte);
        int shift = quad / (8 / quadsPerByte) * BitsOf(Code);
        block[(stored * 4 + row / 8) * 32 + row % 8 * 4 + k % 4] |= (byte)(value << shift);
    }
}
