using Tapeout.Numerics.Kernels;

namespace Tapeout.Numerics.Tests.Kernels;

/// <summary>Rows of members put together, and sums finished, against the scalar functions element by element.</summary>
public sealed unsafe class MemberRowsTests
{
    public static TheoryData<int, int> Shapes =>
        new((from members in (int[])[1, 2, 4, 16, 64] from columns in (int[])[1, 16, 47, 200] select (members, columns)).ToArray());

    [Theory]
    [MemberData(nameof(Shapes))]
    public void FoldTreeAndLargest_BitsOfTheScalarLoops(int members, int columns)
    {
        Random random = new(members + columns);
        float[] values = [.. Enumerable.Range(0, members * columns).Select(_ => (float)Math.Exp(random.NextDouble() * 20 - 10))];
        values[columns / 2] = float.NaN;
        values[^1] = -0f;
        float[] sum = new float[columns];
        float[] largest = new float[columns];
        fixed (float* first = values)
        fixed (float* sumAt = sum)
        fixed (float* largestAt = largest)
        {
            nint[] rows = new nint[members];
            for (int member = 0; member < members; member++)
                rows[member] = (nint)(first + member * columns);
            MemberRows.FoldTree(rows, members, sumAt, columns);
            MemberRows.Largest(rows, members, largestAt, columns);
            for (int c = 0; c < columns; c++)
            {
                float[] nodes = [.. Enumerable.Range(0, members).Select(m => values[m * columns + c])];
                float most = nodes[0];
                foreach (float node in nodes)
                    most = node > most ? node : most;
                Assert.Equal(BitConverter.SingleToInt32Bits(most), BitConverter.SingleToInt32Bits(largest[c]));
                Assert.Equal(BitConverter.SingleToInt32Bits(Sums.FoldTree(nodes)), BitConverter.SingleToInt32Bits(sum[c]));
            }
            // Into the first of the rows itself.
            MemberRows.FoldTree(rows, members, first, columns);
            Assert.Equal(sum, values[..columns]);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(20)]
    [InlineData(64)]
    public void AddIntegers_ExactOrRefused(int columns)
    {
        Random random = new(columns);
        int[] values = [.. Enumerable.Range(0, 3 * columns).Select(_ => random.Next(-600_000_000, 600_000_000))];
        int[] sum = new int[columns];
        fixed (int* first = values)
        fixed (int* result = sum)
        {
            nint[] rows = [(nint)first, (nint)(first + columns), (nint)(first + 2 * columns)];
            MemberRows.AddIntegers(rows, 3, result, columns);
            for (int c = 0; c < columns; c++)
                Assert.Equal(values[c] + values[columns + c] + values[2 * columns + c], sum[c]);
            for (int c = 0; c < columns; c++)
            {
                (int, int, int) kept = (first[c], first[columns + c], first[2 * columns + c]);
                // The last sum would fit again: what leaves 32 bits on the way is refused all the same.
                (first[c], first[columns + c], first[2 * columns + c]) = (int.MinValue, -1, 5);
                bool refused = false;
                try
                {
                    MemberRows.AddIntegers(rows, 3, result, columns);
                }
                catch (OverflowException)
                {
                    refused = true;
                }
                Assert.True(refused, $"column {c}");
                (first[c], first[columns + c], first[2 * columns + c]) = kept;
            }
        }
    }

    [Theory]
    [InlineData("int8-row")]
    [InlineData("int8-row@f16")]
    [InlineData("int8-row@bf16")]
    [InlineData("int4-row-min")]
    [InlineData("int4-row-min@f16")]
    [InlineData("int8-tensor")]
    public void Finish_BitsOfTheScalarFunction(string name)
    {
        const int Rows = 300;
        const int K = 64;
        Assert.True(NumberFormat.TryParse(name, out NumberFormat format));
        Random random = new(7);
        float[] values = [.. Enumerable.Range(0, Rows * K).Select(_ => random.NextSingle() * 4 - 1)];
        byte[] weightBytes = new byte[new TensorLayout(format, Rows, K).Bytes];
        TensorCodec.Quantise(format, values, Rows, K, weightBytes);
        byte[] activationBytes = new byte[new TensorLayout(NumberFormat.Int8Row, 1, K).Bytes];
        TensorCodec.Quantise(NumberFormat.Int8Row, values.AsSpan(0, K), 1, K, activationBytes);
        PackedMatrix weights = new(format, Rows, K, weightBytes);
        PackedMatrix activations = new(NumberFormat.Int8Row, 1, K, activationBytes);
        ProductRule rule = ProductRule.For(format, NumberFormat.Int8Row, K);
        int[] sums = [.. Enumerable.Range(0, 290).Select(_ => random.Next(-2_000_000, 2_000_000))];
        float[] results = new float[290];
        float scale = TensorCodec.ReadScale(activations.Layout, activations.Bytes, 0, 0);
        FinishedSums.Finish(weights, 7, scale, 1234, sums, results);
        for (int i = 0; i < results.Length; i++)
            Assert.Equal(Products.FinishInteger(rule, weights, 7 + i, activations, 0, sums[i], 1234), results[i]);
    }

    /// <summary>A part of a row is quantised as a row of its own; with a maximum as a row that has one value more.</summary>
    [Theory]
    [InlineData("int8-row", 5f)]
    [InlineData("int8-row", 0.01f)]
    [InlineData("int8-row@f16", -9f)]
    [InlineData("int8-row", null)]
    [InlineData("int8-g32", null)]
    [InlineData("f16", null)]
    [InlineData("bf16", null)]
    public void QuantisePart_CodesAndScalesOfARowOfItsOwn(string name, float? maximum)
    {
        const int Columns = 160;
        Assert.True(NumberFormat.TryParse(name, out NumberFormat format));
        Random random = new(8);
        float[] values = [.. Enumerable.Range(0, 75).Select(_ => random.NextSingle() * 4 - 2)];
        TensorLayout layout = new(format, 3, Columns);
        byte[] packed = new byte[layout.Bytes];
        TensorCodec.QuantisePart(layout, values, packed, 1, 64, maximum);
        float[] alone = maximum is { } further ? [.. values, further] : values;
        byte[] row = new byte[new TensorLayout(format, 1, alone.Length).Bytes];
        TensorCodec.Quantise(format, alone, 1, alone.Length, row);
        float[] expected = new float[alone.Length];
        TensorCodec.Dequantise(format, row, 1, alone.Length, expected);
        float[] found = new float[Columns];
        TensorCodec.DequantiseRow(layout, packed, 1, found);
        Assert.Equal(expected[..75], found[64..139]);
        Assert.All(found[..64], value => Assert.Equal(0, value));
        float[] before = new float[Columns];
        TensorCodec.DequantiseRow(layout, packed, 0, before);
        Assert.All(before, value => Assert.Equal(0, value));
        values[40] = float.NaN;
        if (format.IsQuantised)
            Assert.Throws<NonFiniteValueException>(() => TensorCodec.QuantisePart(layout, values, packed, 1, 64, maximum));
    }
}
