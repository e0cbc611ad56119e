namespace Tapeout.Models.Tests;

/// <summary>Weights drawn for a shape: the same ones whoever asks, in which order and on which thread.</summary>
public sealed class RandomWeightTests
{
    // Philox4x32-10 of counter (0, 1, 0, FNV-1a of the name) under key (0, 0), computed apart from the program.
    private static readonly uint[] Expected = [0x3CFCCC58, 0x3D26C70D, 0x3CF7CCF0, 0x3D8E68C8];

    private const string Shape = "smollm2-135m";

    [Fact]
    public void WithRandomWeights_AnyOrderOfRows_SameNumbers()
    {
        using Model shape = ModelCatalog.Find(Shape).Open();
        using Model model = shape.WithRandomWeights(7);
        Assert.False(model.IsShapeOnly);
        Assert.Equal(shape.Parameters, model.Parameters);
        Assert.All(model.Weights.Values, w => Assert.True(w.HasData && w.IsRandom));
        WeightTensor weight = model.Weights["blk.3.ffn_down.weight"];
        float[] whole = new float[weight.Rows * weight.Columns];
        weight.Dequantise(0, weight.Rows, whole);
        float[] parts = new float[whole.Length];
        Parallel.For(
            0,
            weight.Rows,
            i =>
            {
                int row = weight.Rows - 1 - i;
                weight.Dequantise(row, 1, parts.AsSpan(row * weight.Columns, weight.Columns));
            }
        );
        Assert.Equal(whole, parts);
    }

    /// <summary>Frozen: a measurement names the seed, and the same seed has to mean the same weights tomorrow.</summary>
    [Fact]
    public void WithRandomWeights_Seed_FixesEveryBit()
    {
        using Model shape = ModelCatalog.Find(Shape).Open();
        using Model model = shape.WithRandomWeights(0);
        float[] row = new float[576];
        model.Weights["blk.0.attn_q.weight"].Dequantise(1, 1, row);
        Assert.Equal(Expected, row[..4].Select(BitConverter.SingleToUInt32Bits));
    }

    [Fact]
    public void WithRandomWeights_OtherSeedTensorOrRow_OtherNumbers()
    {
        using Model shape = ModelCatalog.Find(Shape).Open();
        float[] Row(ulong seed, string tensor, int row)
        {
            float[] values = new float[576];
            shape.WithRandomWeights(seed).Weights[tensor].Dequantise(row, 1, values);
            return values;
        }
        float[][] rows =
        [
            Row(0, "blk.0.attn_q.weight", 0),
            Row(1, "blk.0.attn_q.weight", 0),
            Row(1UL << 32, "blk.0.attn_q.weight", 0),
            Row(0, "blk.1.attn_q.weight", 0),
            Row(0, "blk.0.attn_q.weight", 1),
        ];
        Assert.All(rows, row => Assert.InRange(row.Distinct().Count(), 560, 576));
        for (int a = 0; a < rows.Length; a++)
        {
            for (int b = 0; b < a; b++)
                Assert.True(rows[a].Zip(rows[b]).Count(pair => pair.First == pair.Second) < 5, $"rows {a} and {b} are alike");
        }
        Assert.NotEqual(shape.WithRandomWeights(0).Hash, shape.WithRandomWeights(1).Hash);
    }

    [Fact]
    public void WithRandomWeights_Matrices_HaveVarianceOfOneOverColumns_VectorsLieAroundOne()
    {
        using Model shape = ModelCatalog.Find(Shape).Open();
        using Model model = shape.WithRandomWeights(0);
        WeightTensor matrix = model.Weights["blk.0.ffn_down.weight"];
        float[] values = new float[matrix.Rows * matrix.Columns];
        matrix.Dequantise(0, matrix.Rows, values);
        Assert.Equal(0, values.Average(v => (double)v), 1e-4);
        // 885 thousand uniform numbers: the mean of squares is within 0.1 % of its expectation by one standard deviation.
        Assert.Equal(1.0 / matrix.Columns, values.Average(v => (double)v * v), 0.005 / matrix.Columns);
        float[] norm = new float[576];
        model.Weights["blk.0.attn_norm.weight"].Dequantise(0, 1, norm);
        Assert.All(norm, v => Assert.InRange(v, 0.75f, 1.25f));
        Assert.Equal(1, norm.Average(), 0.03);
    }

    [Fact]
    public void WithRandomWeights_Stack_MatricesDiffer()
    {
        using Model shape = ModelCatalog.Find("mixtral-8x7b").Open();
        WeightTensor stack = shape.WithRandomWeights(0).Weights.Values.First(w => w.Count > 1);
        float[] first = new float[stack.Columns];
        float[] second = new float[stack.Columns];
        stack.Slice(0).Dequantise(0, 1, first);
        stack.Slice(1).Dequantise(0, 1, second);
        Assert.True(first.Zip(second).Count(pair => pair.First == pair.Second) < 5);
    }

    [Fact]
    public void WithRandomWeights_Drawn_CountsEveryWeight()
    {
        using Model shape = ModelCatalog.Find(Shape).Open();
        long drawn = 0;
        WeightTensor weight = shape.WithRandomWeights(0, count => drawn += count).Weights["blk.0.attn_q.weight"];
        weight.Dequantise(0, 3, new float[3 * weight.Columns]);
        Assert.Equal(3 * weight.Columns, drawn);
    }
}
