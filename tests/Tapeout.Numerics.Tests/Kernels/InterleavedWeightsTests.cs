using Tapeout.Numerics.Kernels;

namespace Tapeout.Numerics.Tests.Kernels;

/// <summary>The vector kernels against the scalar definition, bit for bit.</summary>
public sealed class InterleavedWeightsTests
{
    public static TheoryData<string, string> Pairs => ProductsTests.Pairs;

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Multiply_EveryFormatShapeAndBatch_BitsOfTheScalarProduct(string weight, string activation)
    {
        NumberFormat weightFormat = TensorCodecTests.Parse(weight);
        NumberFormat activationFormat = TensorCodecTests.Parse(activation);
        foreach (
            (int rows, int k, int tokens) in new[]
            {
                (1, 1, 1),
                (17, 33, 2),
                (16, 172, 4),
                (70, 576, 7),
                (40, 1536, 1),
                (18, 288, 13),
                (33, 96, 26),
            }
        )
        {
            ProductRule rule = ProductRule.For(weightFormat, activationFormat, k);
            Case data = new(rule, rows, tokens, k);
            AssertEqualsScalar(data);
        }
    }

    /// <summary>More tokens than the accumulators on the stack hold.</summary>
    [Theory]
    [InlineData("f32", "f32")]
    [InlineData("f16", "f16")]
    [InlineData("int4-g32", "f32")]
    public void Multiply_ManyTokens_BitsOfTheScalarProduct(string weight, string activation) =>
        AssertEqualsScalar(new(ProductRule.For(TensorCodecTests.Parse(weight), TensorCodecTests.Parse(activation), 96), 20, 150, 5));

    /// <summary>Scales that are infinities or NaN, as a damaged file may have them.</summary>
    [Theory]
    [InlineData("int8-g32@f16")]
    [InlineData("int4-g32@bf16")]
    public void Multiply_ScalesThatAreNotFinite_BitsOfTheScalarProduct(string weight)
    {
        ProductRule rule = ProductRule.For(TensorCodecTests.Parse(weight), TensorCodecTests.Parse("int8-g32"), 64);
        Case data = new(rule, 17, 2, 3);
        TensorCodec.WriteScale(data.WeightLayout, data.Weights, 3, 1, float.PositiveInfinity);
        TensorCodec.WriteScale(data.WeightLayout, data.Weights, 16, 0, float.PositiveInfinity);
        AssertEqualsScalar(data);
    }

    /// <summary>Every code that a format can hold, also those that only files of other makers use.</summary>
    [Theory]
    [InlineData("int8-row", "int8-row")]
    [InlineData("int8-g32@f16", "int8-g32")]
    [InlineData("int4-g32", "int8-g32")]
    [InlineData("int4-g64-zero", "int8-row")]
    [InlineData("int4-g32-min@f16", "int8-g32")]
    [InlineData("int4-g32-min@f16", "f32")]
    [InlineData("int8-g16@bf16", "f32")]
    public void Multiply_RandomBytesAsCodes_BitsOfTheScalarProduct(string weight, string activation)
    {
        const int K = 1536;
        ProductRule rule = ProductRule.For(TensorCodecTests.Parse(weight), TensorCodecTests.Parse(activation), K);
        Case data = new(rule, 33, 5, 3);
        Random random = new(11);
        random.NextBytes(data.Weights.AsSpan(0, (int)data.WeightLayout.ScalesAt));
        if (rule.Weight.Offset == OffsetKind.ZeroPoint)
            random.NextBytes(data.Weights.AsSpan((int)data.WeightLayout.OffsetsAt));
        if (rule.Activation.IsQuantised)
            random.NextBytes(data.Activations.AsSpan(0, (int)data.ActivationLayout.ScalesAt));
        AssertEqualsScalar(data);
        Array.Fill(data.Weights, (byte)(rule.Weight.Element == ElementType.I8 ? 0x80 : 0xff), 0, (int)data.WeightLayout.ScalesAt);
        if (rule.Activation.IsQuantised)
            Array.Fill(data.Activations, (byte)0x80, 0, (int)data.ActivationLayout.ScalesAt);
        AssertEqualsScalar(data);
    }

    /// <summary>All 2¹⁶ half floats: as weights, and as scales.</summary>
    [Theory]
    [InlineData("f16")]
    [InlineData("bf16")]
    [InlineData("int8-g16@f16")]
    [InlineData("int4-g16-min@bf16")]
    public unsafe void Multiply_EveryHalfFloat_BitsOfTheScalarProduct(string weight)
    {
        NumberFormat format = TensorCodecTests.Parse(weight);
        foreach (bool finite in new[] { true, false })
        {
            ushort[] values = [.. Enumerable.Range(0, 1 << 16).Select(i => (ushort)i)];
            ushort infinity = (format.IsQuantised ? format.ScaleType : format.Element) == ElementType.F16 ? (ushort)0x7c00 : (ushort)0x7f80;
            if (finite)
                values = [.. values.Where(v => (v & infinity) != infinity)];
            int k = format.IsQuantised ? 512 : 64;
            int perRow = format.IsQuantised ? k / 16 : k;
            int rows = (values.Length + perRow - 1) / perRow;
            ProductRule rule = ProductRule.For(format, NumberFormat.F32, k);
            Case data = new(rule, rows, 1, 9);
            int at = format.IsQuantised ? (int)data.WeightLayout.ScalesAt : 0;
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(data.Weights.AsSpan(at));
            AssertEqualsScalar(data);
        }
    }

    [Theory]
    [InlineData("f32", "f32")]
    [InlineData("int4-g32-min", "int8-g32")]
    [InlineData("int8-row", "int8-g32")]
    [InlineData("ternary-g256@f16", "f16")]
    public unsafe void Multiply_NodesAndPartsOfTheRows_BitsOfTheScalarProduct(string weight, string activation)
    {
        ProductRule rule = ProductRule.For(TensorCodecTests.Parse(weight), TensorCodecTests.Parse(activation), 4096);
        Case data = new(rule, 50, 6, 4);
        using KernelMemory memory = new();
        InterleavedWeights weights = new(rule, data.WeightMatrix, 3, 40, memory);
        using ActivationPanel panel = new();
        int leaves = rule.Plan.Leaves;
        Assert.True(leaves >= 4);
        foreach (bool machineCode in new[] { true, false })
        {
            panel.Begin(rule, 5, machineCode);
            panel.Fill(data.ActivationMatrix, 1, 0, 2);
            panel.Fill(data.ActivationMatrix, 1, 2, 3);
            foreach ((int first, int count) in new[] { (0, leaves), (leaves / 2, leaves / 2), (1, 1), (leaves - 2, 2) })
            {
                float[] expected = new float[40];
                float[] output = new float[5 * 40];
                fixed (float* target = output)
                {
                    weights.Multiply(panel, 0, 1, target, 40, first, count);
                    weights.Multiply(panel, 1, 2, target, 40, first, count);
                }
                for (int token = 0; token < 5; token++)
                {
                    Products.FoldLeavesRows(rule, data.WeightMatrix, 3, 40, data.ActivationMatrix, 1 + token, first, count, expected);
                    AssertSameBits(
                        expected,
                        output.AsSpan(token * 40, 40),
                        $"token {token}, leaves {first} + {count}, machine code {machineCode}"
                    );
                }
            }
        }
    }

    /// <summary>All pairs of a weight's and an activation's codes, at every place of the layout's unit: the exact integer product.</summary>
    [Theory]
    [InlineData("int8-row")]
    [InlineData("int4-g32")]
    [InlineData("int4-g32-zero")]
    [InlineData("int4-g32-min@f16")]
    [InlineData("ternary-row")]
    [InlineData("binary-row")]
    public void Multiply_EveryPairOfCodes_IsTheirExactProduct(string weight)
    {
        const int K = 16;
        const int Zero = 3;
        NumberFormat format = TensorCodecTests.Parse(weight);
        int[] codes = format.Element switch
        {
            ElementType.I8 => [.. Enumerable.Range(-128, 256)],
            ElementType.I4 => [.. Enumerable.Range(-8, 16)],
            ElementType.U4 => [.. Enumerable.Range(0, 16)],
            ElementType.Ternary => [-1, 0, 1],
            _ => [-1, 1],
        };
        Case data = new(ProductRule.For(format, NumberFormat.Int8Row, K), codes.Length, 256, 1);
        for (int row = 0; row < codes.Length; row++)
        {
            for (int k = 0; k < K; k++)
                TensorCodec.WriteCode(data.WeightLayout, data.Weights, row, k, codes[row]);
            TensorCodec.WriteScale(data.WeightLayout, data.Weights, row, 0, 1);
            if (format.Offset == OffsetKind.ZeroPoint)
                TensorCodec.WriteZeroPoint(data.WeightLayout, data.Weights, row, 0, Zero);
            else if (format.Offset == OffsetKind.Minimum)
                TensorCodec.WriteMinimum(data.WeightLayout, data.Weights, row, 0, 0.5f);
        }
        float offset = format.Offset switch
        {
            OffsetKind.ZeroPoint => -Zero,
            OffsetKind.Minimum => 0.5f,
            _ => 0,
        };
        using KernelMemory memory = new();
        InterleavedWeights weights = new(data.Rule, data.WeightMatrix, 0, data.Rows, memory);
        using ActivationPanel panel = new();
        float[] output = new float[data.Tokens * data.Rows];
        for (int place = 0; place < K; place++)
        {
            for (int token = 0; token < data.Tokens; token++)
            {
                for (int k = 0; k < K; k++)
                    TensorCodec.WriteCode(data.ActivationLayout, data.Activations, token, k, k == place ? token - 128 : 0);
                TensorCodec.WriteScale(data.ActivationLayout, data.Activations, token, 0, 1);
            }
            panel.Begin(data.Rule, data.Tokens);
            panel.Fill(data.ActivationMatrix, 0, 0, data.Tokens);
            weights.Multiply(panel, output);
            for (int token = 0; token < data.Tokens; token++)
            {
                for (int row = 0; row < codes.Length; row++)
                    Assert.Equal((codes[row] + offset) * (token - 128), output[token * data.Rows + row]);
            }
        }
    }

    /// <summary>A product of a token of a running model leaves nothing to collect.</summary>
    [Theory]
    [InlineData("int8-row", "int8-row")]
    [InlineData("int4-g32-min@f16", "int8-g32")]
    [InlineData("bf16", "f32")]
    public unsafe void Multiply_OfAPanelThatHasGrown_AllocatesNothing(string weight, string activation)
    {
        ProductRule rule = ProductRule.For(TensorCodecTests.Parse(weight), TensorCodecTests.Parse(activation), 256);
        Case data = new(rule, 64, 5, 2);
        using KernelMemory memory = new();
        InterleavedWeights weights = new(rule, data.WeightMatrix, 0, 64, memory);
        using ActivationPanel panel = new();
        float[] output = new float[5 * 64];
        fixed (float* target = output)
        {
            long before = 0;
            for (int i = 0; i < 3; i++)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
                panel.Begin(rule, 5);
                panel.Fill(data.ActivationMatrix, 0, 0, 5);
                weights.Multiply(panel, 0, weights.Groups, target, 64);
            }
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    /// <summary>One infinity among the results, of the first, a middle or the last row and token, is told; a very large finite one is not.</summary>
    [Theory]
    [InlineData("int8-row", "int8-row")]
    [InlineData("int4-g32", "int8-g32")]
    [InlineData("int4-g32", "f32")]
    [InlineData("f32", "f32")]
    public unsafe void Multiply_AnyResultThatIsNotFinite_IsTold(string weight, string activation)
    {
        const int Rows = 40;
        const int Tokens = 27;
        const int K = 512;
        ProductRule rule = ProductRule.For(TensorCodecTests.Parse(weight), TensorCodecTests.Parse(activation), K);
        float[] results = new float[Rows * Tokens];
        foreach (bool machineCode in new[] { true, false })
        {
            foreach ((int row, int token) in new[] { (0, 0), (15, 11), (20, 12), (39, 26), (33, 0) })
            {
                foreach (bool isFinite in new[] { true, false })
                {
                    // One row of weights and one token are not zero: neither is their product, the others are.
                    Case data = new(rule, Rows, Tokens, 4);
                    data.Weights.AsSpan().Clear();
                    data.Activations.AsSpan().Clear();
                    Set(data.WeightLayout, data.Weights, row, isFinite ? 1 : 1e30f);
                    Set(data.ActivationLayout, data.Activations, token, 1e30f);
                    using KernelMemory memory = new();
                    InterleavedWeights weights = new(rule, data.WeightMatrix, 0, Rows, memory);
                    using ActivationPanel panel = new();
                    panel.Begin(rule, Tokens, machineCode);
                    panel.Fill(data.ActivationMatrix, 0, 0, Tokens);
                    bool found;
                    fixed (float* target = results)
                        found = weights.Multiply(panel, 0, weights.Groups, target, Rows);
                    Assert.True(found == isFinite, $"row {row}, token {token}, machine code {machineCode}: {found}");
                    Assert.Equal(isFinite ? 0 : 1, results.Count(result => !float.IsFinite(result)));
                }
            }
        }

        static void Set(in TensorLayout layout, byte[] bytes, int row, float value)
        {
            if (layout.Format.IsFloat)
            {
                System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes.AsSpan())[row * layout.Columns] = value;
                return;
            }
            TensorCodec.WriteCode(layout, bytes, row, 0, 1);
            TensorCodec.WriteScale(layout, bytes, row, 0, value);
        }
    }

    [Fact]
    public void Multiply_PanelOfAnotherRule_IsRefused()
    {
        ProductRule rule = ProductRule.For(NumberFormat.Int8Row, NumberFormat.Int8Row, 64);
        Case data = new(rule, 16, 1, 1);
        using KernelMemory memory = new();
        InterleavedWeights weights = new(rule, data.WeightMatrix, 0, 16, memory);
        using ActivationPanel panel = new();
        panel.Begin(ProductRule.For(NumberFormat.Int8Row, NumberFormat.Int8Group(32), 64), 1);
        Assert.Throws<ArgumentException>(() => weights.Multiply(panel, new float[16]));
    }

    private static void AssertEqualsScalar(Case data)
    {
        using KernelMemory memory = new();
        InterleavedWeights weights = new(data.Rule, data.WeightMatrix, 0, data.Rows, memory);
        using ActivationPanel panel = new();
        float[] expected = new float[data.Tokens * data.Rows];
        for (int token = 0; token < data.Tokens; token++)
            Products.FullRows(
                data.Rule,
                data.WeightMatrix,
                0,
                data.Rows,
                data.ActivationMatrix,
                token,
                expected.AsSpan(token * data.Rows, data.Rows)
            );
        foreach (bool machineCode in new[] { true, false })
        {
            panel.Begin(data.Rule, data.Tokens, machineCode);
            panel.Fill(data.ActivationMatrix, 0, 0, data.Tokens);
            float[] output = new float[data.Tokens * data.Rows];
            weights.Multiply(panel, output);
            AssertSameBits(expected, output, $"{data.Rows} × {data.Rule.Length}, machine code {machineCode}");
        }
    }

    private static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string where)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            // A product of non-finite values may be any NaN: the machine traps it.
            bool same = float.IsNaN(expected[i])
                ? float.IsNaN(actual[i])
                : BitConverter.SingleToUInt32Bits(expected[i]) == BitConverter.SingleToUInt32Bits(actual[i]);
            Assert.True(same, $"{where}, element {i}: {expected[i]:R} and {actual[i]:R}");
        }
    }

    private sealed class Case
    {
        public Case(ProductRule rule, int rows, int tokens, int seed)
        {
            Rule = rule;
            Rows = rows;
            Tokens = tokens;
            WeightLayout = new(rule.Weight, rows, rule.Length);
            ActivationLayout = new(rule.Activation, tokens, rule.Length);
            Weights = new byte[WeightLayout.Bytes];
            Activations = new byte[ActivationLayout.Bytes];
            TensorCodec.Quantise(rule.Weight, TensorCodecTests.Normal(rows * rule.Length, seed), rows, rule.Length, Weights);
            TensorCodec.Quantise(
                rule.Activation,
                TensorCodecTests.Normal(tokens * rule.Length, seed + 1),
                tokens,
                rule.Length,
                Activations
            );
        }

        public ProductRule Rule { get; }

        public int Rows { get; }

        public int Tokens { get; }

        public TensorLayout WeightLayout { get; }

        public TensorLayout ActivationLayout { get; }

        public byte[] Weights { get; }

        public byte[] Activations { get; }

        public PackedMatrix WeightMatrix => new(WeightLayout, Weights);

        public PackedMatrix ActivationMatrix => new(ActivationLayout, Activations);
    }

    /// <summary>An embedding table that is an output layer too is read out of the product's layout.</summary>
    [Theory]
    [InlineData("f32", "f32")]
    [InlineData("f16", "f32")]
    [InlineData("bf16", "f32")]
    [InlineData("int8-row", "int8-row")]
    [InlineData("int8-g32@f16", "int8-g32")]
    [InlineData("int4-g32", "f32")]
    [InlineData("int4-g32-zero@bf16", "int8-g32")]
    [InlineData("int4-g64-min@f16", "int8-g32")]
    [InlineData("int4-row-min", "int8-row")]
    [InlineData("ternary-row", "int8-row")]
    [InlineData("ternary-tensor", "int8-row")]
    [InlineData("ternary-g32", "int8-g32")]
    [InlineData("binary-row", "int8-row")]
    public void DequantiseRow_BitsOfTheTensor(string weightName, string activationName)
    {
        Assert.True(NumberFormat.TryParse(weightName, out NumberFormat weight));
        Assert.True(NumberFormat.TryParse(activationName, out NumberFormat activation));
        foreach (int columns in (int[])[96, 77, 1120])
        {
            const int Rows = 37;
            Random random = new(columns);
            float[] values = [.. Enumerable.Range(0, Rows * columns).Select(_ => random.NextSingle() * 4 - 1.5f)];
            if (weight.IsFloat && columns == 77)
                values[4 * columns + 5] = float.NaN;
            TensorLayout layout = new(weight, Rows, columns);
            byte[] bytes = new byte[layout.Bytes];
            TensorCodec.Quantise(weight, values, Rows, columns, bytes);
            using KernelMemory memory = new();
            InterleavedWeights packed = new(
                ProductRule.For(weight, activation, columns),
                new PackedMatrix(layout, bytes),
                3,
                Rows - 3,
                memory
            );
            float[] expected = new float[columns];
            float[] found = new float[columns];
            for (int row = 3; row < Rows; row++)
            {
                TensorCodec.DequantiseRow(layout, bytes, row, expected);
                packed.DequantiseRow(row - 3, found);
                Assert.Equal(expected.Select(BitConverter.SingleToUInt32Bits), found.Select(BitConverter.SingleToUInt32Bits));
            }
        }
    }
}
