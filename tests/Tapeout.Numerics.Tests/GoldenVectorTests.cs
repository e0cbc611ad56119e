using System.Globalization;
using System.Text.Json;
using Tapeout.Testing;

namespace Tapeout.Numerics.Tests;

/// <summary>Sums against bits that were computed with exact rationals, independent of any CPU.</summary>
public class GoldenVectorTests
{
    [Fact]
    public void Sums_SmallLengths_GoldenBits() => Assert.Equal(18, Check(SharedData.InRepository("tests/Golden/numerics-vectors.json")));

    [Fact]
    public void Sums_AllLengths_GoldenBits() => Assert.Equal(38, Check(SharedData.PathOf("models/numerics/vectors.json")));

    private static int Check(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        int rows = 0;
        foreach (JsonElement row in document.RootElement.EnumerateArray())
        {
            Check(row);
            rows++;
        }
        return rows;
    }

    private static void Check(JsonElement row)
    {
        string sum = row.GetProperty("sum").GetString()!;
        int k = row.GetProperty("k").GetInt32();
        uint expected = uint.Parse(row.GetProperty("result").GetString()!, NumberStyles.HexNumber);
        ReductionPlan plan = new(k, 32);
        Assert.Equal(row.GetProperty("blocks").GetInt32(), plan.Blocks);
        Assert.Equal(row.GetProperty("leaves").GetInt32(), plan.Leaves);
        float result;
        if (sum.StartsWith("sum of squares", StringComparison.Ordinal))
        {
            float[] values = Floats(row, "activations");
            result = Sums.SumOfSquares(values, plan);
            CheckParts(
                plan,
                result,
                (first, count) => Sums.SumOfSquares(values.AsSpan(plan.LeafStart(first)..plan.LeafStart(first + count)), plan, first, count)
            );
        }
        else
        {
            (NumberFormat weightFormat, byte[] weights, NumberFormat activationFormat, byte[] activations) =
                sum == "f32" ? PackFloats(row, k) : Pack(row, sum, k);
            ProductRule rule = ProductRule.For(weightFormat, activationFormat, k);
            Assert.Equal(plan, rule.Plan);
            result = Products.Full(rule, new(weightFormat, 1, k, weights), 0, new(activationFormat, 1, k, activations), 0);
            CheckParts(
                plan,
                result,
                (first, count) =>
                    Products.FoldLeaves(
                        rule,
                        new(weightFormat, 1, k, weights),
                        0,
                        new(activationFormat, 1, k, activations),
                        0,
                        first,
                        count
                    )
            );
        }
        Assert.True(
            expected == BitConverter.SingleToUInt32Bits(result),
            $"{sum}, K = {k}: {BitConverter.SingleToUInt32Bits(result):x8}, expected {expected:x8}"
        );
    }

    /// <summary>Nodes computed apart and folded give the whole.</summary>
    private static void CheckParts(ReductionPlan plan, float whole, Func<int, int, float> node)
    {
        for (int parts = 1; parts <= plan.Leaves; parts *= 2)
        {
            int count = plan.Leaves / parts;
            float[] nodes = Enumerable.Range(0, parts).Select(part => node(part * count, count)).ToArray();
            Assert.Equal(BitConverter.SingleToUInt32Bits(whole), BitConverter.SingleToUInt32Bits(Sums.FoldTree(nodes)));
        }
    }

    private static (NumberFormat, byte[], NumberFormat, byte[]) PackFloats(JsonElement row, int k)
    {
        byte[] weights = new byte[4 * k];
        byte[] activations = new byte[4 * k];
        TensorCodec.Quantise(NumberFormat.F32, Floats(row, "weights"), 1, k, weights);
        TensorCodec.Quantise(NumberFormat.F32, Floats(row, "activations"), 1, k, activations);
        return (NumberFormat.F32, weights, NumberFormat.F32, activations);
    }

    private static (NumberFormat, byte[], NumberFormat, byte[]) Pack(JsonElement row, string sum, int k)
    {
        NumberFormat weightFormat = sum switch
        {
            "int8 group 32" => NumberFormat.Int8Group(32),
            "int4 group 32 symmetric" => NumberFormat.Int4Group(32),
            "ternary group 32" => new(ElementType.Ternary, ScaleGranularity.Group, 32, OffsetKind.None, ElementType.F32),
            _ => NumberFormat.Int4Group(32, OffsetKind.Minimum, ElementType.F16),
        };
        NumberFormat activationFormat = NumberFormat.Int8Group(32);
        byte[] weights = Codes(row, "weights", weightFormat, k, Floats(row, "weight_scales"));
        if (weightFormat.Offset == OffsetKind.Minimum)
        {
            float[] minima = Floats(row, "minima");
            TensorLayout layout = new(weightFormat, 1, k);
            for (int group = 0; group < minima.Length; group++)
                TensorCodec.WriteMinimum(layout, weights, 0, group, minima[group]);
        }
        return (weightFormat, weights, activationFormat, Codes(row, "activations", activationFormat, k, Floats(row, "activation_scales")));
    }

    private static byte[] Codes(JsonElement row, string name, NumberFormat format, int k, float[] scales)
    {
        TensorLayout layout = new(format, 1, k);
        byte[] packed = new byte[layout.Bytes];
        TensorCodec.PackCodes(layout, row.GetProperty(name).EnumerateArray().Select(code => code.GetSByte()).ToArray(), packed, 0);
        for (int group = 0; group < scales.Length; group++)
            TensorCodec.WriteScale(layout, packed, 0, group, scales[group]);
        return packed;
    }

    private static float[] Floats(JsonElement row, string name) =>
        row.GetProperty(name)
            .EnumerateArray()
            .Select(bits => BitConverter.UInt32BitsToSingle(uint.Parse(bits.GetString()!, NumberStyles.HexNumber)))
            .ToArray();
}
