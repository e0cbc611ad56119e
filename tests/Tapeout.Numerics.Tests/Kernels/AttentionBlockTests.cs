using System.Runtime.InteropServices;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Numerics.Tests.Kernels;

/// <summary>Attention to a block as vector code against the scalar definition, bit for bit.</summary>
public sealed unsafe class AttentionBlockTests
{
    private const int MostQueries = 18;

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
        byte[] keys = Pinned(new TensorLayout(format, Rows, d).Bytes);
        byte[] values = Pinned(keys.Length);
        TensorCodec.Quantise(format, Values(random, Rows * d), Rows, d, keys);
        TensorCodec.Quantise(format, Values(random, Rows * d), Rows, d, values);
        using AttentionBlock block = new(d);
        foreach (
            (int from, int to, float softcap) in new[] { (0, 63, 0f), (0, 0, 0f), (63, 63, 2f), (5, 42, 0f), (15, 16, 30f), (0, 31, 0f) }
        )
        {
            int row = AttentionBlock.Positions * random.Next(3);
            int padded = AttentionBlock.Pad(d);
            int stride = padded + 18;
            float* nodes = (float*)NativeMemory.AlignedAlloc((nuint)(MostQueries * stride * sizeof(float)), 64);
            // For few queries and for many a block is kept in different ways, and sums are made in different ways with machine code and without.
            foreach (int count in (int[])[1, 2, 3, 4, 5, 7, 12, 13])
            {
                foreach (bool machineCode in new[] { true, false })
                {
                    foreach (int readFor in new[] { 1, 48 })
                    {
                        block.Read(new(format, Rows, d, keys), row, new(format, Rows, d, values), row, from, to, readFor, machineCode);
                        float[] queries = Values(random, count * d);
                        fixed (float* q = queries)
                            block.Attend(q, count, [(from, to)], 0.3f, softcap, nodes, stride, machineCode);
                        // The definition takes its time.
                        foreach (int query in new[] { 0, count / 2, count - 1 })
                            AssertNode(Scalar(queries[(query * d)..((query + 1) * d)], from, to), nodes + query * stride);
                    }
                }
            }
            // Tokens that see different positions, all from the same one on or not; the one in the middle sees nothing.
            foreach (int window in new[] { 64, 3 })
            {
                (int From, int To)[] seen =
                [
                    .. Enumerable
                        .Range(0, (to - from) / 4 + 1)
                        .Select(i => (Math.Max(from, from + 4 * i - window + 1), from + 4 * i))
                        .Take(9),
                ];
                seen[seen.Length / 2] = (1, 0);
                float[] queries = Values(random, 2 * seen.Length * d);
                foreach (bool machineCode in new[] { true, false })
                {
                    new Span<float>(nodes, MostQueries * stride).Fill(float.NaN);
                    fixed (float* q = queries)
                        block.Attend(q, 2, seen, 0.3f, softcap, nodes, stride, machineCode);
                    for (int query = 0; query < 2 * seen.Length; query++)
                    {
                        if (query / 2 == seen.Length / 2)
                            AssertNode(new float[d + 2], nodes + query * stride);
                        else if (query % 5 == 0)
                            AssertNode(
                                Scalar(queries[(query * d)..((query + 1) * d)], seen[query / 2].From, seen[query / 2].To),
                                nodes + query * stride
                            );
                    }
                }
            }
            NativeMemory.AlignedFree(nodes);

            float[] Scalar(float[] query, int from, int to)
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

    /// <summary>Infinities in a cache of 16 bits, where quick conversions do not hold.</summary>
    [Theory]
    [InlineData("f16", 0x7c00)]
    [InlineData("bf16", 0xff80)]
    public void Attend_InfinitiesInTheCache_AreThoseOfTheDefinition(string formatName, int infinity)
    {
        const int D = 64;
        NumberFormat format = TensorCodecTests.Parse(formatName);
        Random random = new(5);
        byte[] keys = Pinned(new TensorLayout(format, 64, D).Bytes);
        byte[] values = Pinned(keys.Length);
        TensorCodec.Quantise(format, Values(random, 64 * D), 64, D, keys);
        TensorCodec.Quantise(format, Values(random, 64 * D), 64, D, values);
        BitConverter.TryWriteBytes(values.AsSpan(2 * (17 * D + 3)), (ushort)infinity);
        using AttentionBlock block = new(D);
        float[] query = Values(random, D);
        float* node = stackalloc float[D + 2];
        // Machine code converts as the processor does, code from C# by a product that makes 65,536 of an infinity.
        foreach (bool machineCode in new[] { true, false })
        {
            block.Read(new(format, 64, D, keys), 0, new(format, 64, D, values), 0, 0, 63, 1, machineCode);
            fixed (float* q = query)
                block.Attend(q, 1, [(0, 63)], 0.3f, 0, node, 0, machineCode);
            Assert.Equal(infinity > 0x8000 ? float.NegativeInfinity : float.PositiveInfinity, node[3]);
            Assert.True(float.IsFinite(node[4]));
        }
    }

    [Fact]
    public void Constructor_HeadTooLarge_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new AttentionBlock(513));

    /// <summary>Blocks are read where they lie.</summary>
    private static byte[] Pinned(long length) => GC.AllocateUninitializedArray<byte>((int)length, pinned: true);

    private static float[] Values(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 4 - 2))];
}
