namespace Tapeout.Numerics.Tests;

public class ProductsTests
{
    public static TheoryData<string, string> Pairs
    {
        get
        {
            TheoryData<string, string> pairs = [];
            foreach (string weight in TensorCodecTests.Formats.Select(row => row.Data))
            {
                foreach (string activation in new[] { "f32", "f16", "bf16", "int8-row", "int8-g32", "int8-g64@f16" })
                {
                    if (ProductRule.TryFor(TensorCodecTests.Parse(weight), TensorCodecTests.Parse(activation), 64, out _))
                        pairs.Add(weight, activation);
                }
            }
            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Full_EqualsTheDefinitionWrittenOutPlainly(string weight, string activation)
    {
        NumberFormat weightFormat = TensorCodecTests.Parse(weight);
        NumberFormat activationFormat = TensorCodecTests.Parse(activation);
        const int Rows = 11;
        foreach (int k in new[] { 1, 33, 172, 1536 })
        {
            ProductRule rule = ProductRule.For(weightFormat, activationFormat, k);
            TensorLayout w = new(weightFormat, Rows, k);
            TensorLayout a = new(activationFormat, 2, k);
            byte[] weights = new byte[w.Bytes];
            byte[] activations = new byte[a.Bytes];
            TensorCodec.Quantise(weightFormat, TensorCodecTests.Normal(Rows * k, k), Rows, k, weights);
            TensorCodec.Quantise(activationFormat, TensorCodecTests.Normal(2 * k, k + 1), 2, k, activations);
            float[] output = new float[Rows];
            Products.FullRows(rule, new(w, weights), 0, Rows, new(a, activations), 1, output);
            for (int row = 0; row < Rows; row++)
            {
                uint expected = BitConverter.SingleToUInt32Bits(Plain(rule, w, weights, row, a, activations, 1));
                Assert.Equal(expected, BitConverter.SingleToUInt32Bits(output[row]));
                Assert.Equal(expected, BitConverter.SingleToUInt32Bits(Products.Full(rule, new(w, weights), row, new(a, activations), 1)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Chain_CutAtAnyBlock_SameBits(string weight, string activation)
    {
        const int K = 1536;
        NumberFormat weightFormat = TensorCodecTests.Parse(weight);
        NumberFormat activationFormat = TensorCodecTests.Parse(activation);
        ProductRule rule = ProductRule.For(weightFormat, activationFormat, K);
        TensorLayout w = new(weightFormat, 1, K);
        TensorLayout a = new(activationFormat, 1, K);
        byte[] weights = new byte[w.Bytes];
        byte[] activations = new byte[a.Bytes];
        TensorCodec.Quantise(weightFormat, TensorCodecTests.Normal(K, 5), 1, K, weights);
        TensorCodec.Quantise(activationFormat, TensorCodecTests.Normal(K, 6), 1, K, activations);
        float whole = Products.Full(rule, new(w, weights), 0, new(a, activations), 0);
        if (rule.Kind == ProductKind.IntegerWhole)
        {
            int sum = 0;
            int activationSum = 0;
            foreach ((int first, int count) in new[] { (801, 735), (0, 77), (77, 724) })
            {
                sum = Products.AccumulateInteger(rule, new(w, weights), 0, new(a, activations), 0, first, count, sum);
                activationSum += Products.SumActivations(rule, new(a, activations), 0, first, count);
            }
            Assert.Equal(whole, Products.FinishInteger(rule, new(w, weights), 0, new(a, activations), 0, sum, activationSum));
            Assert.Throws<ArgumentException>(() => Products.Chain(rule, new(w, weights), 0, new(a, activations), 0, 0, 1, 0));
            return;
        }
        int perLeaf = rule.Plan.BlocksPerLeaf;
        for (int cut = 1; cut < perLeaf; cut++)
        {
            float[] nodes = new float[rule.Plan.Leaves];
            for (int leaf = 0; leaf < nodes.Length; leaf++)
            {
                float head = Products.Chain(rule, new(w, weights), 0, new(a, activations), 0, leaf * perLeaf, cut, 0);
                nodes[leaf] = Products.Chain(rule, new(w, weights), 0, new(a, activations), 0, leaf * perLeaf + cut, perLeaf - cut, head);
            }
            Assert.Equal(BitConverter.SingleToUInt32Bits(whole), BitConverter.SingleToUInt32Bits(Sums.FoldTree(nodes)));
        }
        if (rule.Plan.Leaves > 1)
            Assert.Throws<ArgumentOutOfRangeException>(() =>
                Products.Chain(rule, new(w, weights), 0, new(a, activations), 0, 0, perLeaf + 1, 0)
            );
    }

    [Theory]
    [InlineData("f32", "f32")]
    [InlineData("int4-g32-min", "int8-g32")]
    [InlineData("int8-row", "int8-g32")]
    [InlineData("ternary-g256@f16", "f16")]
    [InlineData("int8-row", "int8-row")]
    public void FoldLeaves_OfASliceHeldLocally_SameBits(string weight, string activation)
    {
        const int K = 2048;
        NumberFormat weightFormat = TensorCodecTests.Parse(weight);
        NumberFormat activationFormat = TensorCodecTests.Parse(activation);
        ProductRule rule = ProductRule.For(weightFormat, activationFormat, K);
        TensorLayout w = new(weightFormat, 1, K);
        TensorLayout a = new(activationFormat, 1, K);
        byte[] weights = new byte[w.Bytes];
        byte[] activations = new byte[a.Bytes];
        TensorCodec.Quantise(weightFormat, TensorCodecTests.Normal(K, 5), 1, K, weights);
        TensorCodec.Quantise(activationFormat, TensorCodecTests.Normal(K, 6), 1, K, activations);
        const int Half = K / 2;
        byte[] localWeights = Slice(w, weights, Half, Half, out TensorLayout lw);
        byte[] localActivations = Slice(a, activations, Half, Half, out TensorLayout la);
        if (rule.Kind == ProductKind.IntegerWhole)
        {
            Assert.Equal(
                Products.AccumulateInteger(rule, new(w, weights), 0, new(a, activations), 0, Half, Half, 7),
                Products.AccumulateInteger(rule, new(lw, localWeights, Half), 0, new(la, localActivations, Half), 0, Half, Half, 7)
            );
            return;
        }
        int leaves = rule.Plan.Leaves / 2;
        Assert.Equal(
            BitConverter.SingleToUInt32Bits(Products.FoldLeaves(rule, new(w, weights), 0, new(a, activations), 0, leaves, leaves)),
            BitConverter.SingleToUInt32Bits(
                Products.FoldLeaves(rule, new(lw, localWeights, Half), 0, new(la, localActivations, Half), 0, leaves, leaves)
            )
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Products.FoldLeaves(rule, new(lw, localWeights, Half), 0, new(la, localActivations, Half), 0, 0, leaves)
        );
    }

    [Fact]
    public unsafe void Dot_VectorAndScalar_Agree()
    {
        Random random = new(7);
        sbyte[] a = new sbyte[4096];
        sbyte[] b = new sbyte[4096];
        foreach (bool extreme in new[] { true, false })
        {
            for (int i = 0; i < a.Length; i++)
            {
                a[i] = extreme ? sbyte.MinValue : (sbyte)random.Next(-128, 128);
                b[i] = extreme ? sbyte.MinValue : (sbyte)random.Next(-128, 128);
            }
            fixed (sbyte* x = a)
            fixed (sbyte* y = b)
            {
                foreach (int count in Enumerable.Range(0, 100).Append(4000))
                {
                    Assert.Equal(Products.DotScalar(x + 3, y + 1, count), Products.Dot(x + 3, y + 1, count));
                    Assert.Equal(Products.SumScalar(x + 3, count), Products.Sum(x + 3, count));
                    Assert.Equal(Products.DotScalar(x + 3, y + 1, count), Products.DotPortable(x + 3, y + 1, count));
                    Assert.Equal(Products.SumScalar(x + 3, count), Products.SumPortable(x + 3, count));
                }
            }
        }
    }

    [Theory]
    [InlineData("f32", "int8-row", 64)]
    [InlineData("int8-row", "int8-tensor", 64)]
    [InlineData("int8-row", "int4-g32", 64)]
    [InlineData("i32", "f32", 64)]
    [InlineData("int8-row", "f32", 0)]
    [InlineData("int8-row", "int8-row", 200_000)]
    public void For_IllegalPair_SaysWhy(string weight, string activation, int length)
    {
        Assert.False(
            ProductRule.TryFor(TensorCodecTests.Parse(weight), TensorCodecTests.Parse(activation), length, out _, out string reason)
        );
        Assert.EndsWith(".", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void For_IntegerBound_IsReachedByNoCode()
    {
        Assert.Equal(32 * 128 * 128, ProductRule.For(NumberFormat.Int8Group(32), NumberFormat.Int8Row, 4096).IntegerBound);
        Assert.Equal(ProductKind.IntegerWhole, ProductRule.For(NumberFormat.Int8Row, NumberFormat.Int8Row, 28672).Kind);
        Assert.Equal(32, ProductRule.For(NumberFormat.Int4Group(128), NumberFormat.Int8Group(32), 4096).Block);
        Assert.Equal(128, ProductRule.For(NumberFormat.Int4Group(128), NumberFormat.Int8Row, 4096).Block);
    }

    /// <summary>The definition, one code at a time, without any of the product's own loops.</summary>
    private static float Plain(
        in ProductRule rule,
        in TensorLayout w,
        byte[] weights,
        int row,
        in TensorLayout a,
        byte[] activations,
        int token
    )
    {
        float[] wf = new float[rule.Length];
        float[] af = new float[rule.Length];
        TensorCodec.DequantiseRow(w, weights, row, wf);
        TensorCodec.DequantiseRow(a, activations, token, af);
        int blocks = rule.Plan.Blocks;
        float[] leaves = new float[rule.Plan.Leaves];
        for (int b = 0; b < blocks; b++)
        {
            int leaf = b / rule.Plan.BlocksPerLeaf;
            int end = Math.Min((b + 1) * rule.Block, rule.Length);
            if (rule.Kind == ProductKind.FloatFold)
            {
                for (int k = b * rule.Block; k < end; k++)
                    leaves[leaf] = MathF.FusedMultiplyAdd(wf[k], af[k], leaves[leaf]);
                continue;
            }
            int first = b * rule.Block;
            int wGroup = w.Format.GroupSize == 0 ? 0 : first / w.Format.GroupSize;
            int aGroup = a.Format.GroupSize == 0 ? 0 : first / a.Format.GroupSize;
            int zero = w.Format.Offset == OffsetKind.ZeroPoint ? TensorCodec.ReadZeroPoint(w, weights, row, wGroup) : 0;
            int p = 0;
            int sum = 0;
            for (int k = first; k < end; k++)
            {
                int x = TensorCodec.ReadCode(a, activations, token, k);
                p += (TensorCodec.ReadCode(w, weights, row, k) - zero) * x;
                sum += x;
            }
            float sa = TensorCodec.ReadScale(a, activations, token, aGroup);
            float c = TensorCodec.ReadScale(w, weights, row, wGroup) * sa;
            leaves[leaf] = rule.Kind == ProductKind.IntegerWhole ? p * c : MathF.FusedMultiplyAdd(p, c, leaves[leaf]);
            if (w.Format.Offset == OffsetKind.Minimum)
                leaves[leaf] = MathF.FusedMultiplyAdd(sum, TensorCodec.ReadMinimum(w, weights, row, wGroup) * sa, leaves[leaf]);
        }
        return Sums.FoldTree(leaves);
    }

    private static byte[] Slice(in TensorLayout layout, byte[] packed, int first, int count, out TensorLayout local)
    {
        local = new(layout.Format, layout.Rows, count);
        byte[] slice = new byte[local.Bytes];
        for (int row = 0; row < layout.Rows; row++)
        {
            packed
                .AsSpan(row * layout.RowBytes + first * layout.Format.ElementBits / 8, local.RowBytes)
                .CopyTo(slice.AsSpan(row * local.RowBytes));
            for (int group = 0; group < local.Groups; group++)
            {
                int source = layout.Format.GroupSize == 0 ? 0 : first / layout.Format.GroupSize + group;
                TensorCodec.WriteScale(local, slice, row, group, TensorCodec.ReadScale(layout, packed, row, source));
                if (layout.Format.Offset == OffsetKind.Minimum)
                    TensorCodec.WriteMinimum(local, slice, row, group, TensorCodec.ReadMinimum(layout, packed, row, source));
            }
        }
        return slice;
    }
}
