using Tapeout.Isa;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using static Tapeout.Machine.Tests.TapeBuilder;

namespace Tapeout.Machine.Tests;

/// <summary>Kernels of single instructions in lock-step with the scalar definition: random shapes with tails, ties, values that are not finite.</summary>
public class KernelDifferenceTests
{
    public static TheoryData<int> Lengths => [1, 15, 16, 31, 100, 577];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void RowFunctions_AllOfThem(int length)
    {
        TapeBuilder tape = new();
        int table = tape.Constant("table", NumberFormat.F32, All(16), All(length));
        int x = tape.Region(table, Tokens());
        int gamma = tape.Region(table, All(1));
        int F32(string name, int columns) => tape.Region(tape.Buffer(name, NumberFormat.F32, Tokens(), All(columns)));
        int sums = F32("squares", 1);
        tape.Add(
            new NormSum
            {
                Source = x,
                Destination = F32("sums", 1),
                Kind = NormSumKind.Sum,
            },
            new NormSum
            {
                Source = x,
                Destination = sums,
                Kind = NormSumKind.SumOfSquares,
            },
            new Norm
            {
                Source = x,
                Sums = sums,
                Gamma = gamma,
                Destination = F32("norm", length),
                Width = length,
                Epsilon = 1e-5f,
            },
            new AbsMax { Source = x, Destination = F32("maximum", 1) },
            new Softmax { Source = x, Destination = F32("softmax", length) }
        );
        foreach (UnaryFunction function in Enum.GetValues<UnaryFunction>())
        {
            tape.Add(
                new Unary
                {
                    Source = x,
                    Destination = F32($"{function}", length),
                    Function = function,
                    Parameter = 0.7f,
                }
            );
        }
        foreach (BinaryFunction function in Enum.GetValues<BinaryFunction>())
        {
            tape.Add(
                new Binary
                {
                    Left = x,
                    Right = x,
                    Destination = F32($"{function}", length),
                    Function = function,
                }
            );
        }
        AssertSame(tape, Step((0, 5), (3, 2)), ("table", Pack(NumberFormat.F32, TapeBuilder.Random(length, 16 * length), 16)));
    }

    /// <summary>ABSMAX and SOFTMAX pass over NaN: a comparison with it is false.</summary>
    [Fact]
    public void AbsMaxAndSoftmax_NaNAndInfinities_AsTheDefinition()
    {
        const int Length = 40;
        float[] values = TapeBuilder.Random(4, 16 * Length);
        values[3] = float.NaN;
        values[Length + 35] = float.NaN;
        values[2 * Length + 20] = float.NegativeInfinity;
        values[3 * Length + 39] = float.PositiveInfinity;
        TapeBuilder tape = new();
        int x = tape.Region(tape.Constant("table", NumberFormat.F32, All(16), All(Length)), Tokens());
        tape.Add(
            new AbsMax { Source = x, Destination = tape.Region(tape.Buffer("maximum", NumberFormat.F32, Tokens(), All(1))) },
            new Softmax { Source = x, Destination = tape.Region(tape.Buffer("softmax", NumberFormat.F32, Tokens(), All(Length))) }
        );
        AssertSame(tape, Step((0, 6)), ("table", Pack(NumberFormat.F32, values, 16)));
    }

    /// <summary>Parts of rows with a given maximum, groups of a part of a row, and floats; a rank without columns.</summary>
    [Theory]
    [InlineData("int8-row", true)]
    [InlineData("int8-row", false)]
    [InlineData("int8-g32", false)]
    [InlineData("f16", false)]
    [InlineData("bf16", false)]
    public void Quantise_PartsOfRows(string formatName, bool given)
    {
        const int Columns = 160;
        NumberFormat format = FormatOf(formatName);
        TapeBuilder tape = new(ranks: 3);
        Axis part = new(Columns) { RankStep = 96 };
        int table = tape.Constant("table", NumberFormat.F32, All(16), All(Columns));
        int maximum = tape.Region(tape.Buffer("maximum", NumberFormat.F32, Tokens(), All(1)));
        int source = tape.Region(table, Tokens(), part);
        int packed = tape.Region(tape.Buffer("packed", format, Tokens(), All(Columns)), Tokens(), part);
        int unpacked = tape.Region(tape.Buffer("unpacked", NumberFormat.F32, Tokens(), All(Columns)), Tokens(), part);
        tape.Add(
            new AbsMax { Source = tape.Region(table, Tokens()), Destination = maximum },
            new Quantise
            {
                Source = source,
                AbsoluteMaximum = given ? maximum : -1,
                Destination = packed,
            },
            new Dequantise { Source = packed, Destination = unpacked }
        );
        AssertSame(tape, Step((0, 7)), ("table", Pack(NumberFormat.F32, TapeBuilder.Random(5, 16 * Columns), 16)));
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("f16")]
    [InlineData("bf16")]
    [InlineData("int8-row")]
    [InlineData("int8-g32")]
    [InlineData("int4-g32")]
    [InlineData("int4-g32-zero")]
    [InlineData("int4-g32-min")]
    [InlineData("ternary-row")]
    [InlineData("binary-row")]
    public void Movement_CopyInstallGatherDequantise(string formatName)
    {
        const int Columns = 96;
        NumberFormat format = FormatOf(formatName);
        TapeBuilder tape = new();
        int table = tape.Constant("table", format, All(16), All(Columns));
        Axis upper = new(Columns) { LoopStep = 64, LoopLevel = 0 };
        int ids = tape.Region(tape.Buffer("ids", NumberFormat.I32, Tokens(), All(1)));
        int copied = tape.Buffer("copied", format, All(16), All(Columns));
        int slot = tape.Buffer("slot", format, All(16), All(Columns), space: Space.Array);
        int gathered = tape.Buffer("gathered", NumberFormat.F32, Tokens(), All(Columns));
        int rows = tape.Buffer("rows", NumberFormat.F32, TapeBuilder.Rows, All(Columns));
        int unpacked = tape.Buffer("unpacked", NumberFormat.F32, All(16), All(Columns));
        tape.Add(
            new HostIn { Destination = ids, Data = HostData.TokenIds },
            // Columns 0 to 63, then 64 to 95.
            new Loop { Level = 0, Count = SizeExpression.Of(2) },
            new Copy
            {
                Source = tape.Region(table, columns: upper),
                Destination = tape.Region(copied, columns: upper),
                Multicast = false,
            },
            new End { Level = 0 },
            new Install { Source = tape.Region(table), Slot = tape.Region(slot) },
            new Gather
            {
                Table = tape.Region(copied),
                Destination = tape.Region(gathered),
                Rows = RowSource.TokenIds,
                Ids = ids,
            },
            new Gather
            {
                Table = tape.Region(gathered),
                Destination = tape.Region(rows),
                Rows = RowSource.LogitRows,
                Ids = -1,
            },
            new Dequantise { Source = tape.Region(slot), Destination = tape.Region(unpacked) },
            new HostOut { Source = tape.Region(rows), Data = HostData.Logits }
        );
        AssertSame(tape, Step((0, 5), (64, 3)), ("table", Pack(format, TapeBuilder.Random(6, 16 * Columns), 16)));
    }

    [Theory]
    [InlineData(Group.Tiles, "int8-g32")]
    [InlineData(Group.Ranks, "int4-g32-min")]
    [InlineData(Group.All, "f16")]
    public void ExchangeAndAllToAll(Group group, string formatName)
    {
        const int RowCount = 8;
        const int Columns = 256;
        NumberFormat format = FormatOf(formatName);
        int ranks = group == Group.Tiles ? 1 : 2;
        int tiles = group == Group.Ranks ? 1 : 2;
        TapeBuilder tape = new(ranks: ranks, tiles: tiles);
        Axis Cut(int length) =>
            new(length) { RankStep = ranks > 1 ? length / ranks : 0, TileStep = tiles > 1 ? length / ranks / tiles : 0 };
        int table = tape.Constant("table", format, All(RowCount), Cut(Columns));
        int whole = tape.Region(tape.Buffer("whole", format, All(RowCount), All(Columns)));
        int rows = tape.Region(tape.Buffer("rows", format, Cut(RowCount), All(Columns)));
        tape.Add(
            new Exchange
            {
                Source = tape.Region(table),
                Destination = whole,
                Group = group,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            },
            new AllToAll
            {
                Source = tape.Region(table),
                Destination = rows,
                Group = group,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            }
        );
        AssertSame(tape, Step((0, 3)), ("table", Pack(format, TapeBuilder.Random(7, RowCount * Columns), RowCount)));
    }

    /// <summary>In place and into another buffer, over 2, 4 and (a maximum, or integers) 3 members.</summary>
    [Theory]
    [InlineData(ReduceOperation.SumNodes, 2, 1)]
    [InlineData(ReduceOperation.SumNodes, 4, 1)]
    [InlineData(ReduceOperation.SumNodes, 4, 2)]
    [InlineData(ReduceOperation.Maximum, 3, 1)]
    [InlineData(ReduceOperation.SumIntegers, 3, 1)]
    [InlineData(ReduceOperation.SumIntegers, 2, 2)]
    public void ReduceAndReduceScatter(ReduceOperation operation, int ranks, int tiles)
    {
        const int Columns = 84;
        NumberFormat format = operation == ReduceOperation.SumIntegers ? NumberFormat.I32 : NumberFormat.F32;
        int members = ranks * tiles;
        TapeBuilder tape = new(ranks: ranks, tiles: tiles);
        Axis own = new(Columns * members) { RankStep = Columns * tiles, TileStep = tiles > 1 ? Columns : 0 };
        int table = tape.Constant("table", format, All(16), own);
        int source = tape.Buffer("source", format, Tokens(), All(Columns));
        int sum = tape.Buffer("sum", format, Tokens(), All(Columns));
        Axis cut = new(Columns) { RankStep = Columns / ranks, TileStep = tiles > 1 ? Columns / members : 0 };
        int part = tape.Buffer("part", format, Tokens(), cut);
        Group group = tiles > 1 ? Group.All : Group.Ranks;
        Reduce To(int destination) =>
            new()
            {
                Source = tape.Region(source),
                Destination = destination,
                Group = group,
                Operation = operation,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            };
        tape.Add(
            new Copy
            {
                Source = tape.Region(table, Tokens()),
                Destination = tape.Region(source),
                Multicast = false,
            },
            new ReduceScatter
            {
                Source = tape.Region(source),
                Destination = tape.Region(part),
                Group = group,
                Operation = operation,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            },
            To(tape.Region(sum)),
            To(tape.Region(source))
        );
        float[] values = [.. TapeBuilder.Random(8, 16 * Columns * members).Select(v => v * 1000)];
        AssertSame(tape, Step((0, 5)), ("table", Pack(format, values, 16)));
    }

    [Fact]
    public void Reduce_IntegersBeyond32Bits_AreAFaultAsInTheDefinition()
    {
        TapeBuilder tape = new(ranks: 2);
        int table = tape.Constant("table", NumberFormat.I32, All(16), All(20));
        int sum = tape.Region(tape.Buffer("sum", NumberFormat.I32, Tokens(), All(20)));
        tape.Add(
            new Reduce
            {
                Source = tape.Region(table, Tokens()),
                Destination = sum,
                Group = Group.Ranks,
                Operation = ReduceOperation.SumIntegers,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            }
        );
        float[] values = new float[16 * 20];
        values[20 + 7] = 2_000_000_000;
        (string, PackedTensor) constant = ("table", Pack(NumberFormat.I32, values, 16));
        using ReferenceMachine definition = tape.Machine(constant);
        TapeFaultException expected = Assert.Throws<TapeFaultException>(() => definition.Execute(Step((0, 3))));
        (ReferenceMachine fast, IDisposable kernels) = tape.FastMachine(2, constant);
        using (kernels)
        using (fast)
            Assert.Equal(expected.Message, Assert.Throws<TapeFaultException>(() => fast.Execute(Step((0, 3)))).Message);
    }

    [Theory]
    [InlineData(1, 40)]
    [InlineData(4, 64)]
    [InlineData(16, 33)]
    public void Combine_LeavesOfAPlan(int leaves, int columns)
    {
        TapeBuilder tape = new();
        int table = tape.Constant("table", NumberFormat.F32, All(16), All(columns * leaves));
        int acc = tape.Buffer("leaves", NumberFormat.F32, Tokens(), All(columns), stack1: leaves);
        int done = tape.Region(tape.Buffer("sum", NumberFormat.F32, Tokens(), All(columns)));
        Axis leaf = new(columns * leaves) { LoopStep = columns, LoopLevel = 0 };
        tape.Add(
            new Loop { Level = 0, Count = SizeExpression.Of(leaves) },
            new Copy
            {
                Source = tape.Region(table, Tokens(), leaf),
                Destination = tape.Region(acc, stack1: IndexExpression.Loop(0)),
                Multicast = false,
            },
            new End { Level = 0 },
            new Combine
            {
                Leaves = tape.Region(acc),
                Destination = done,
                Count = leaves,
            }
        );
        AssertSame(tape, Step((0, 5)), ("table", Pack(NumberFormat.F32, TapeBuilder.Random(9, 16 * columns * leaves), 16)));
    }

    /// <summary>Integer sums over two ranks' parts of K, added and finished.</summary>
    [Theory]
    [InlineData("int8-row", 1)]
    [InlineData("int8-row", 37)]
    [InlineData("int4-row", 300)]
    [InlineData("int4-row-min", 40)]
    [InlineData("int4-row-zero", 40)]
    [InlineData("ternary-row", 16)]
    [InlineData("ternary-tensor", 45)]
    public void MatMulIntegerReduceFinish(string formatName, int rows)
    {
        const int K = 192;
        NumberFormat format = FormatOf(formatName);
        TapeBuilder tape = new(ranks: 2);
        Axis depth = new(K) { RankStep = K / 2 };
        int table = tape.Constant("x", NumberFormat.Int8Row, All(16), depth);
        int weights = tape.Constant("w", format, All(rows), depth);
        int acc = tape.Region(tape.Buffer("acc", NumberFormat.I32, Tokens(), All(rows)));
        int x = tape.Region(table, Tokens());
        int w = tape.Region(weights);
        MatMul product = new()
        {
            X = x,
            W = w,
            Y = acc,
            Result = MatMulResult.Integer,
            Accumulate = AccumulateMode.Overwrite,
            FirstLevels = 0,
            PlanLength = K,
            PlanBlock = 0,
        };
        tape.Add(
            product,
            product with
            {
                Accumulate = AccumulateMode.ContinueAfterFirst,
                FirstLevels = 0,
            },
            product with
            {
                Accumulate = AccumulateMode.Continue,
            },
            new Reduce
            {
                Source = acc,
                Destination = acc,
                Group = Group.Ranks,
                Operation = ReduceOperation.SumIntegers,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            }
        );
        AssertSame(
            tape,
            Step((0, 5)),
            ("x", Pack(NumberFormat.Int8Row, TapeBuilder.Random(10, 16 * K), 16)),
            ("w", Pack(format, TapeBuilder.Random(11, rows * K), rows))
        );
        TapeBuilder whole = new();
        int wholeW = whole.Constant("w", format, All(rows), All(K));
        int wholeX = whole.Region(whole.Constant("x", NumberFormat.Int8Row, All(16), All(K)), Tokens());
        int sums = whole.Region(whole.Buffer("acc", NumberFormat.I32, Tokens(), All(rows)));
        whole.Add(
            product with
            {
                X = wholeX,
                W = whole.Region(wholeW),
                Y = sums,
            },
            new Finish
            {
                Accumulator = sums,
                X = wholeX,
                W = whole.Region(wholeW),
                Destination = whole.Region(whole.Buffer("y", NumberFormat.F32, Tokens(), All(rows))),
            }
        );
        AssertSame(
            whole,
            Step((0, 5)),
            ("x", Pack(NumberFormat.Int8Row, TapeBuilder.Random(10, 16 * K), 16)),
            ("w", Pack(format, TapeBuilder.Random(11, rows * K), rows))
        );
    }

    /// <summary>Ranks multiply nodes of the plan: activations of both lie at their places beside each other's.</summary>
    [Theory]
    [InlineData("f16", "f32", 2)]
    [InlineData("int4-g32", "int8-g32", 2)]
    [InlineData("int4-g32-min", "int8-g32", 4)]
    public void MatMulNodes(string weightName, string activationName, int ranks)
    {
        const int K = 1024;
        const int N = 50;
        (NumberFormat weight, NumberFormat activation) = (FormatOf(weightName), FormatOf(activationName));
        TapeBuilder tape = new(ranks: ranks);
        Axis depth = new(K) { RankStep = K / ranks };
        int x = tape.Region(tape.Constant("x", activation, All(16), depth), Tokens());
        int w = tape.Region(tape.Constant("w", weight, All(N), depth));
        int y = tape.Region(tape.Buffer("y", NumberFormat.F32, Tokens(), All(N)));
        tape.Add(
            new MatMul
            {
                X = x,
                W = w,
                Y = y,
                Result = MatMulResult.Node,
                Accumulate = AccumulateMode.Overwrite,
                FirstLevels = 0,
                PlanLength = K,
                PlanBlock = 32,
            }
        );
        foreach (int tokens in (int[])[1, 7, 16])
        {
            AssertSame(
                tape,
                Step((0, tokens)),
                ("x", Pack(activation, TapeBuilder.Random(12, 16 * K), 16)),
                ("w", Pack(weight, TapeBuilder.Random(13, N * K), N))
            );
        }
    }

    /// <summary>Partial attention: nodes that saw nothing have the sum 0 and leave the others as they are.</summary>
    [Theory]
    [InlineData(2, 16)]
    [InlineData(4, 20)]
    [InlineData(8, 64)]
    public void Merge_PartsOfWhichSomeSawNothing(int count, int d)
    {
        const int Heads = 3;
        int columns = Heads * (d + 2);
        float[] values = TapeBuilder.Random(14, 16 * columns * count);
        for (int i = 0; i < values.Length; i++)
        {
            int at = i % (d + 2);
            if (at == d + 1)
                values[i] = i / (d + 2) % 5 == 1 ? 0 : MathF.Abs(values[i]) + 0.1f;
            if (at < d && i / (d + 2) % 5 == 1)
                values[i] = 0;
        }
        TapeBuilder tape = new();
        int table = tape.Constant("table", NumberFormat.F32, All(16), All(columns * count));
        int partials = tape.Buffer("partials", NumberFormat.F32, Tokens(), All(columns), stack1: count);
        int done = tape.Region(tape.Buffer("output", NumberFormat.F32, Tokens(), All(Heads * d)));
        Axis part = new(columns * count) { LoopStep = columns, LoopLevel = 0 };
        tape.Add(
            new Loop { Level = 0, Count = SizeExpression.Of(count) },
            new Copy
            {
                Source = tape.Region(table, Tokens(), part),
                Destination = tape.Region(partials, stack1: IndexExpression.Loop(0)),
                Multicast = false,
            },
            new End { Level = 0 },
            new Merge
            {
                Partials = tape.Region(partials),
                Destination = done,
                Count = count,
                HeadDimension = d,
            }
        );
        AssertSame(tape, Step((0, 6)), ("table", Pack(NumberFormat.F32, values, 16)));
    }

    [Theory]
    [InlineData(RouteScoring.SoftmaxThenTop, 4, 2)]
    [InlineData(RouteScoring.SoftmaxThenTop, 60, 8)]
    [InlineData(RouteScoring.TopThenSoftmax, 33, 5)]
    [InlineData(RouteScoring.Sigmoid, 128, 8)]
    [InlineData(RouteScoring.Sigmoid, 16, 16)]
    public void RoutePermuteMix_TiesToTheLowestExpert(RouteScoring scoring, int experts, int k)
    {
        const int C = 45;
        // Few different values, so that most choices are between equal ones.
        float[] logits = [.. TapeBuilder.Random(15, 16 * experts).Select(v => MathF.Round(v * 3))];
        if (scoring == RouteScoring.TopThenSoftmax)
            Array.Fill(logits, float.NegativeInfinity, 2, experts - 7);
        TapeBuilder tape = new();
        int table = tape.Constant("x", NumberFormat.F32, All(16), All(C));
        int router = tape.Constant("logits", NumberFormat.F32, All(16), All(experts));
        int gates = tape.Region(tape.Buffer("gates", NumberFormat.F32, Tokens(), All(k)));
        // What experts make of a token differs by expert; copies of the token would hide a result of another slot.
        int made = tape.Region(tape.Constant("made", NumberFormat.F32, All(16 * k), All(C)), Tokens(k));
        int permutation = tape.Region(tape.Buffer("permutation", NumberFormat.I32, Tokens(k), All(1)));
        int sorted = tape.Region(tape.Buffer("sorted", NumberFormat.F32, Tokens(k), All(C)));
        tape.Add(
            new Route
            {
                Logits = tape.Region(router, Tokens()),
                Gates = gates,
                Ids = tape.Region(tape.Buffer("ids", NumberFormat.I32, Tokens(), All(k))),
                Permutation = permutation,
                Count = k,
                Scoring = scoring,
                Normalise = scoring != RouteScoring.TopThenSoftmax,
                Scale = 1.5f,
            },
            new Permute
            {
                Source = tape.Region(table, Tokens()),
                Permutation = permutation,
                Destination = sorted,
                Count = k,
            },
            new Mix
            {
                Source = made,
                Permutation = permutation,
                Gates = gates,
                Destination = tape.Region(tape.Buffer("mixed", NumberFormat.F32, Tokens(), All(C))),
                Count = k,
            }
        );
        Step fast = Step((0, 11));
        AssertSame(
            tape,
            fast,
            ("logits", Pack(NumberFormat.F32, logits, 16)),
            ("x", Pack(NumberFormat.F32, TapeBuilder.Random(16, 16 * C), 16)),
            ("made", Pack(NumberFormat.F32, TapeBuilder.Random(18, 16 * k * C), 16 * k))
        );
        Assert.Equal(11 * k, fast.Counts.Of(3).ToArray().Sum());
    }

    /// <summary>Ties everywhere, NaN and −∞, more places than values; a draw from what comes out of it.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1000, 1)]
    [InlineData(1000, 40)]
    [InlineData(33, 40)]
    [InlineData(3000, 700)]
    public void TopKAndSample_TiesAndNaN(int columns, int count)
    {
        float[] logits = [.. TapeBuilder.Random(17, 16 * columns).Select(v => MathF.Round(v * 50) / 8)];
        for (int i = 0; i < columns; i += 3)
            logits[columns + i] = float.NegativeInfinity;
        for (int i = 0; i < columns; i += 2)
            logits[2 * columns + i] = -0f;
        for (int i = 1; i < columns; i += 2)
            logits[2 * columns + i] = 0f;
        if (columns > 500)
            logits[3 * columns + 407] = float.NaN;
        TapeBuilder tape = new();
        int source = tape.Constant("logits", NumberFormat.F32, All(16), All(columns));
        int values = tape.Region(tape.Buffer("values", NumberFormat.F32, TapeBuilder.Rows, All(count)));
        int ids = tape.Region(tape.Buffer("ids", NumberFormat.I32, TapeBuilder.Rows, All(count)));
        int drawn = tape.Region(tape.Buffer("drawn", NumberFormat.I32, TapeBuilder.Rows, All(1)));
        tape.Add(
            new TopK
            {
                Source = tape.Region(source, TapeBuilder.Rows),
                Values = values,
                Ids = ids,
                Count = count,
            },
            new Sample
            {
                Values = values,
                Ids = ids,
                Destination = drawn,
            },
            new HostOut { Source = drawn, Data = HostData.TokenIds }
        );
        foreach (Sampler sampler in (Sampler[])[Sampler.Greedy, new(0.9f, 0, 0.8f, 3, 4), new(2f, 5, 1, 5, 6)])
        {
            Step step = Step((0, 1), (3, 1), (70, 2));
            step = step with { LogitRows = [.. step.LogitRows.Select(row => row with { Sampler = sampler })] };
            AssertSame(tape, step, ("logits", Pack(NumberFormat.F32, logits, 16)));
        }
    }

    [Fact]
    public void PageCopy_PagesOfAllLayers_InTheListsOrder()
    {
        TapeBuilder tape = new();
        int source = tape.Constant("table", NumberFormat.F32, All(16), All(16));
        int cache = tape.Buffer("cache", NumberFormat.F16, All(64), All(16), BufferKind.State, Space.Dram, stack0: 2, stack1: 4);
        int pages = tape.Region(cache);
        tape.Add(
            new KvAppend
            {
                Source = tape.Region(source, Tokens()),
                Cache = pages,
                HeadDimension = 16,
            },
            new PageCopy { Cache = pages }
        );
        Step step = Step((0, 3)) with { PageCopies = [new(0, 2), new(2, 3)] };
        AssertSame(tape, step, ("table", Pack(NumberFormat.F32, TapeBuilder.Random(18, 256), 16)));
    }

    private static NumberFormat FormatOf(string name) =>
        NumberFormat.TryParse(name, out NumberFormat format) ? format : throw new ArgumentException($"'{name}' is no format.");

    /// <summary>Every instruction has a kernel, and no bit of what it writes differs; on one thread and two.</summary>
    private static void AssertSame(TapeBuilder tape, Step step, params (string Name, PackedTensor Tensor)[] constants)
    {
        foreach (int threads in (int[])[1, 2])
        {
            (ReferenceMachine machine, ComparingKernels kernels, IDisposable inner) = tape.ComparingMachine(threads, constants);
            using (inner)
            using (machine)
            {
                machine.Execute(step);
                Role role = machine.Tape.Roles[0];
                int executed = Sequencer.Unroll(role, step.Sizes).Sum(i => role.Ranks * i.Instruction.Tiles.Count);
                Assert.Equal(executed, kernels.Compared);
            }
        }
    }
}
