using System.Runtime.InteropServices;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Numerics.Tests.Kernels;

/// <summary>Attention to a block as vector code against the scalar definition, bit for bit.</summary>
public sealed unsafe class AttentionBlockTests
{
    public static TheoryData<string, int> Cases
    {
        get
        {
            TheoryData<string, int> cases = [];
            foreach (string format in new[] { "f32", "f16", "int8-row", "int8-g16", "int4-g32" })
            {
                foreach (int d in new[] { 8, 20, 32, 64, 80, 128, 256, 512 })
                {
                    if (d % 32 == 0 || format is "f32" or "f16" or "int8-row")
                        cases.Add(format, d);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Attend_FormatsHeadsAndRanges_BitsOfTheScalarDefinition(string formatName, int d)
    {
        NumberFormat format = TensorCodecTests.Parse(formatName);
        const int Rows = 3 * AttentionBlock.Positions;
        Random random = new(d);
        byte[] keys = new byte[new TensorLayout(format, Rows, d).Bytes];
        byte[] values = new byte[keys.Length];
        TensorCodec.Quantise(format, Values(random, Rows * d), Rows, d, keys);
        TensorCodec.Quantise(format, Values(random, Rows * d), Rows, d, values);
        using AttentionBlock block = new(d);
        foreach (
            (int from, int to, float softcap) in new[] { (0, 63, 0f), (0, 0, 0f), (63, 63, 2f), (5, 42, 0f), (15, 16, 30f), (0, 31, 0f) }
        )
        {
            float[] first = Values(random, d);
            float[] second = Values(random, d);
            int row = AttentionBlock.Positions * random.Next(3);
            block.Read(new(format, Rows, d, keys), row, new(format, Rows, d, values), row, from, to);
            int padded = AttentionBlock.Pad(d);
            float* nodes = (float*)NativeMemory.AlignedAlloc((nuint)(2 * (padded + 2) * sizeof(float)), 64);
            fixed (float* q = first)
            fixed (float* r = second)
            {
                block.Attend(q, r, from, to, 0.3f, softcap, nodes, nodes + padded + 2);
                AssertNode(Scalar(first), nodes);
                AssertNode(Scalar(second), nodes + padded + 2);
                block.Attend(r, null, from, to, 0.3f, softcap, nodes, null);
                AssertNode(Scalar(second), nodes);
            }
            NativeMemory.AlignedFree(nodes);

            float[] Scalar(float[] query)
            {
                ProductRule rule = ProductRule.For(format, NumberFormat.F32, d);
                PackedMatrix k = new(format, Rows, d, keys);
                PackedMatrix x = new(NumberFormat.F32, 1, d, MemoryMarshal.AsBytes<float>(query));
                float[] scores = new float[AttentionBlock.Positions];
                float maximum = float.NegativeInfinity;
                for (int p = from; p <= to; p++)
                {
                    scores[p] = Products.Full(rule, k, row + p, x, 0) * 0.3f;
                    scores[p] = softcap > 0 ? Elementary.Softcap(scores[p], softcap) : scores[p];
                    maximum = scores[p] > maximum ? scores[p] : maximum;
                }
                float[] node = new float[d + 2];
                float[] lanes = new float[16];
                float[] value = new float[d];
                for (int p = from; p <= to; p++)
                {
                    float weight = Elementary.Exp(scores[p] - maximum);
                    lanes[p % 16] += weight;
                    TensorCodec.DequantiseRow(k.Layout, values, row + p, value);
                    for (int j = 0; j < d; j++)
                        node[j] = MathF.FusedMultiplyAdd(weight, value[j], node[j]);
                }
                node[d] = maximum;
                node[d + 1] = Sums.FoldLanes(lanes);
                return node;
            }

            void AssertNode(float[] expected, float* actual)
            {
                float[] got = [.. new ReadOnlySpan<float>(actual, d), actual[padded], actual[padded + 1]];
                Assert.Equal(expected.Select(BitConverter.SingleToUInt32Bits), got.Select(BitConverter.SingleToUInt32Bits));
            }
        }
    }

    [Fact]
    public void Constructor_HeadTooLarge_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new AttentionBlock(513));

    private static float[] Values(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 4 - 2))];
}
