using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Tapeout.Models.Importers.GgufBlocks;
using Tapeout.Numerics;
using Tapeout.Testing;

namespace Tapeout.Models.Tests;

public class GgufBlockTests
{
    [Fact]
    public void Dequantise_EveryTypeThatIsRead_EqualsGolden()
    {
        string folder = SharedData.PathOf("models/conformance/gguf-quants");
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "index.json")));
        int types = 0;
        foreach (JsonElement row in index.RootElement.GetProperty("types").EnumerateArray())
        {
            string name = row.GetProperty("type").GetString()!;
            BlockFormat? found = BlockFormatList.Find(row.GetProperty("ggml_type").GetUInt32());
            // IQ1, IQ2 and IQ3 need lattice codebooks, which are not part of this project.
            Assert.Equal(name.StartsWith("IQ1_") || name.StartsWith("IQ2_") || name.StartsWith("IQ3_"), found is null);
            if (found is not { } format)
                continue;
            Assert.Equal(name, format.Name);
            byte[] blocks = File.ReadAllBytes(Path.Combine(folder, name + ".bin"));
            float[] expected = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(folder, name + ".f32"))).ToArray();
            if (format.Elements > 1)
                Assert.Equal(
                    (row.GetProperty("block_size").GetInt32(), row.GetProperty("block_bytes").GetInt32()),
                    (format.Elements, format.Bytes)
                );
            float[] values = new float[expected.Length];
            format.Decode(blocks, values);
            for (int i = 0; i < values.Length; i++)
            {
                if (BitConverter.SingleToUInt32Bits(values[i]) != BitConverter.SingleToUInt32Bits(expected[i]))
                    Assert.Fail($"{name}[{i}]: {values[i]:R}, golden {expected[i]:R}");
            }
            types++;
        }
        Assert.Equal(BlockFormatList.All.Count - 1, types);
    }

    [Fact]
    public void Repack_EveryNativeType_SameValues()
    {
        string folder = SharedData.PathOf("models/conformance/gguf-quants");
        foreach (BlockFormat format in BlockFormatList.All.Where(f => f.Native is { IsFloat: false }))
        {
            byte[] blocks = File.ReadAllBytes(Path.Combine(folder, format.Name + ".bin"));
            int columns = blocks.Length / format.Bytes * format.Elements;
            float[] expected = new float[columns];
            format.Decode(blocks, expected);
            TensorLayout layout = new(format.Native!.Value, 1, columns);
            byte[] planes = new byte[layout.Bytes];
            int scaleBytes = 2 * layout.Groups;
            Span<byte> minima = layout.Format.Offset == OffsetKind.Minimum ? planes.AsSpan((int)layout.OffsetsAt, scaleBytes) : default;
            Assert.True(format.Repack!(blocks, planes.AsSpan(0, layout.RowBytes), planes.AsSpan((int)layout.ScalesAt, scaleBytes), minima));
            for (int c = 0; c < columns; c++)
                Assert.Equal(expected[c], Value(layout, planes, c));
        }
    }

    [Fact]
    public void Repack_TernaryCodeThree_Refused()
    {
        byte[] block = new byte[66];
        block[5] = 0b11_00_01_10;
        Assert.False(FewBitBlocks.RepackTq2(block, new byte[64], new byte[2], default));
    }

    [Fact]
    public void Repack_SmolLm2_FastAndExact()
    {
        using Model model = ModelSource.Open(SharedData.PathOf("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"));
        byte[] planes = new byte[64 << 20];
        Stopwatch watch = Stopwatch.StartNew();
        foreach (WeightTensor weight in model.Weights.Values)
            weight.Repack(0, weight.Rows, planes);
        TestContext.Current.SendDiagnosticMessage($"repack of SmolLM2: {watch.ElapsedMilliseconds} ms");
        Assert.True(watch.ElapsedMilliseconds < 3000);

        WeightTensor q = model.Weights["blk.3.attn_k.weight"];
        TensorLayout layout = new(q.NativeFormat!.Value, 3, q.Columns);
        q.Repack(5, 3, planes);
        float[] expected = new float[3 * q.Columns];
        q.Dequantise(5, 3, expected);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], Value(layout, planes, i % q.Columns, i / q.Columns));
    }

    private static float Value(TensorLayout layout, byte[] planes, int column, int row = 0)
    {
        int bits = layout.Format.ElementBits;
        int code = planes[row * layout.RowBytes + column * bits / 8] >> column * bits % 8 & (1 << bits) - 1;
        int scaleAt = 2 * (row * layout.Groups + column / layout.Format.GroupSize);
        float scale = (float)BitConverter.ToHalf(planes, (int)layout.ScalesAt + scaleAt);
        return layout.Format.Element switch
        {
            ElementType.I8 => unchecked((sbyte)code) * scale,
            ElementType.I4 => (code - 8) * scale,
            ElementType.U4 => code * scale + (float)BitConverter.ToHalf(planes, (int)layout.OffsetsAt + scaleAt),
            ElementType.Ternary => (code - 1) * scale,
            ElementType.Binary => code == 1 ? scale : -scale,
            _ => throw new InvalidOperationException(),
        };
    }
}
