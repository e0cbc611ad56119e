using Tapeout.Numerics.Kernels;

namespace Tapeout.Numerics.Tests.Kernels;

/// <summary>The largest values of a row and their order, against sorting.</summary>
public sealed class CandidatesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(600)]
    public void Largest_EqualValues_ThoseInFrontFirst(int count)
    {
        Random random = new(count);
        foreach (int length in (int[])[0, 1, 15, 16, 50, 777, 3000])
        {
            // Few different values: most are equal to others.
            float[] x = [.. Enumerable.Range(0, length).Select(_ => MathF.Round(random.NextSingle() * 40 - 20) / 2)];
            float[] values = new float[count];
            int[] ids = new int[count];
            Candidates.Largest(x, 100, count, values, ids);
            int[] order = [.. Enumerable.Range(0, length).OrderByDescending(i => x[i]).ThenBy(i => i).Take(count)];
            int[] absent = [.. Enumerable.Repeat(int.MaxValue, count - order.Length)];
            Assert.Equal([.. order.Select(i => i + 100), .. absent], ids);
            Assert.Equal([.. order.Select(i => x[i]), .. absent.Select(_ => float.NegativeInfinity)], values);
        }
    }

    /// <summary>A value that is no number is put where it comes while there is room, and is larger than nothing.</summary>
    [Fact]
    public void Largest_NaN_IsLargerThanNothing()
    {
        float[] x = [1, float.NaN, .. Enumerable.Range(0, 40).Select(i => (float)i)];
        float[] values = new float[3];
        int[] ids = new int[3];
        Candidates.Largest(x, 0, 3, values, ids);
        // Nothing passes the NaN that took a place while there was room; behind it the largest remains.
        Assert.Equal([0, 1, 41], ids);
        Candidates.Largest(x.AsSpan(2), 2, 3, values, ids);
        Assert.Equal([41, 40, 39], ids);
    }

    [Fact]
    public void BestAndSort_EqualValues_LowestNumberFirst()
    {
        Random random = new(5);
        for (int length = 1; length < 200; length += 7)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(_ => MathF.Round(random.NextSingle() * 5) - 2)];
            int[] ids = [.. Enumerable.Range(0, length).Select(i => i % 5 == 4 ? int.MaxValue : i)];
            random.Shuffle(ids);
            (float Value, int Id)[] expected =
            [
                .. values.Zip(ids).Where(c => c.Second != int.MaxValue).OrderByDescending(c => c.First).ThenBy(c => c.Second),
            ];
            Assert.Equal(expected[0].Id, Candidates.Best(values, ids));
            int held = Candidates.Sort(values, ids);
            Assert.Equal(expected.Select(c => c.Id), ids[..held]);
            Assert.Equal(expected.Select(c => c.Value), values[..held]);
        }
    }

    [Fact]
    public void BestAndSort_NaNAndNothing_AreTold()
    {
        Assert.Equal(int.MaxValue, Candidates.Best([1f, 2f], [int.MaxValue, int.MaxValue]));
        Assert.Equal(int.MaxValue, Candidates.Best([float.NaN], [3]));
        Assert.Equal(7, Candidates.Best([float.NaN, float.NegativeInfinity], [3, 7]));
        Assert.Equal(-1, Candidates.Sort([1f, float.NaN], [0, 1]));
        Assert.Equal(1, Candidates.Sort([1f, float.NaN], [0, int.MaxValue]));
    }

    [Fact]
    public void Weights_BitsOfTheScalarFunction()
    {
        Random random = new(6);
        float[] values = [.. Enumerable.Range(0, 83).Select(_ => random.NextSingle() * -30)];
        float[] weights = new float[83];
        Candidates.Weights(values, 0.7f, -0.25f, weights);
        Assert.Equal(
            values.Select(v => BitConverter.SingleToUInt32Bits(Elementary.Exp(v / 0.7f - -0.25f))),
            weights.Select(BitConverter.SingleToUInt32Bits)
        );
    }
}
