using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Tests;

public class MatMulTests
{
    private const int K = 1024;
    private const int N = 12;
    private const int T = 3;

    private static Instruction Product(
        int x,
        int w,
        int y,
        MatMulResult result,
        int block,
        AccumulateMode mode = AccumulateMode.Overwrite,
        int firstLevels = 0
    ) =>
        new MatMul
        {
            X = x,
            W = w,
            Y = y,
            Result = result,
            Accumulate = mode,
            FirstLevels = firstLevels,
            PlanLength = K,
            PlanBlock = block,
        };

    [Theory]
    [InlineData("f32", "f32")]
    [InlineData("bf16", "f32")]
    [InlineData("int8-g32", "int8-g32")]
    [InlineData("int4-g64-zero", "int8-g32")]
    [InlineData("int4-g32-min@f16", "int8-row")]
    [InlineData("ternary-row", "int8-g32")]
    public void MatMul_FinalNodesAndChainedLeaves_SameBits(string weightName, string activationName)
    {
        Assert.True(NumberFormat.TryParse(weightName, out NumberFormat weight));
        Assert.True(NumberFormat.TryParse(activationName, out NumberFormat activation));
        ProductRule rule = ProductRule.For(weight, activation, K);
        ReductionPlan plan = rule.Plan;
        int block = rule.Block;
        float[] xs = TapeBuilder.Random(1, 16 * K);
        float[] ws = TapeBuilder.Random(2, N * K);
        TapeBuilder tape = new();
        int x = tape.Constant("x", activation, TapeBuilder.All(16), TapeBuilder.All(K));
        int w = tape.Constant("w", weight, TapeBuilder.All(N), TapeBuilder.All(K), Space.Rom);
        int y = tape.Buffer("y", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(N));
        int nodes = tape.Buffer("nodes", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(N), stack1: 2);
        int leaves = tape.Buffer("leaves", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(N), stack1: plan.Leaves);
        int fromNodes = tape.Buffer("from nodes", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(N));
        int fromLeaves = tape.Buffer("from leaves", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(N));
        int perLeaf = K / plan.Leaves;
        int chunk = perLeaf / 2;
        Axis halves = new(K) { LoopStep = K / 2, LoopLevel = 0 };
        Axis chunks = new(K)
        {
            LoopStep = perLeaf,
            LoopLevel = 1,
            InnerStep = chunk,
            InnerLevel = 2,
        };
        int whole = tape.Region(y);
        int viaNodes = tape.Region(fromNodes);
        int viaLeaves = tape.Region(fromLeaves);
        tape.Add(
            Product(tape.Region(x, TapeBuilder.Tokens()), tape.Region(w), whole, MatMulResult.Final, block),
            new Loop { Level = 0, Count = SizeExpression.Of(2) },
            Product(
                tape.Region(x, TapeBuilder.Tokens(), halves),
                tape.Region(w, null, halves),
                tape.Region(nodes, stack1: IndexExpression.Loop(0)),
                MatMulResult.Node,
                block
            ),
            new End { Level = 0 },
            new Combine
            {
                Leaves = tape.Region(nodes),
                Destination = viaNodes,
                Count = 2,
            },
            new Loop { Level = 1, Count = SizeExpression.Of(plan.Leaves) },
            new Loop { Level = 2, Count = SizeExpression.Of(2) },
            Product(
                tape.Region(x, TapeBuilder.Tokens(), chunks),
                tape.Region(w, null, chunks),
                tape.Region(leaves, stack1: IndexExpression.Loop(1)),
                MatMulResult.Leaf,
                block,
                AccumulateMode.ContinueAfterFirst,
                1 << 2
            ),
            new End { Level = 2 },
            new End { Level = 1 },
            new Combine
            {
                Leaves = tape.Region(leaves),
                Destination = viaLeaves,
                Count = plan.Leaves,
            }
        );
        PackedTensor packedX = TapeBuilder.Pack(activation, xs, 16);
        PackedTensor packedW = TapeBuilder.Pack(weight, ws, N);
        using ReferenceMachine machine = tape.Machine(("x", packedX), ("w", packedW));
        Step step = TapeBuilder.Step((0, T));
        machine.Execute(step);
        machine.Execute(step);
        float[] expected = new float[T * N];
        for (int t = 0; t < T; t++)
        {
            for (int n = 0; n < N; n++)
            {
                PackedMatrix weights = new(weight, N, K, packedW.Bytes.Span);
                expected[t * N + n] = Products.Full(rule, weights, n, new(activation, 16, K, packedX.Bytes.Span), t);
            }
        }
        Assert.Equal(TapeBuilder.Bits(expected), TapeBuilder.Bits(machine.Floats(step, whole)));
        Assert.Equal(TapeBuilder.Bits(expected), TapeBuilder.Bits(machine.Floats(step, viaNodes)));
        Assert.Equal(TapeBuilder.Bits(expected), TapeBuilder.Bits(machine.Floats(step, viaLeaves)));
    }

    [Theory]
    [InlineData("int8-row")]
    [InlineData("int4-row-min")]
    [InlineData("ternary-tensor")]
    public void MatMul_IntegerPartsReducedAndFinished_SameBitsAsFinal(string weightName)
    {
        Assert.True(NumberFormat.TryParse(weightName, out NumberFormat weight));
        NumberFormat activation = NumberFormat.Int8Row;
        TapeBuilder tape = new(ranks: 2, tiles: 2);
        // K over ranks, output channels over tiles; the odd tile's part is short.
        Axis k = new(K) { RankStep = K / 2 };
        Axis n = new(N) { TileStep = 7 };
        int x = tape.Constant("x", activation, TapeBuilder.All(16), TapeBuilder.All(K));
        int w = tape.Constant("w", weight, n, TapeBuilder.All(K));
        int part = tape.Constant("w", weight, n, k);
        int sums = tape.Buffer("sums", NumberFormat.I32, TapeBuilder.Tokens(), n);
        int y = tape.Buffer("y", NumberFormat.F32, TapeBuilder.Tokens(), n);
        int final = tape.Buffer("final", NumberFormat.F32, TapeBuilder.Tokens(), n);
        int sum = tape.Region(sums);
        int finished = tape.Region(y);
        int whole = tape.Region(final);
        int xs = tape.Region(x, TapeBuilder.Tokens());
        tape.Add(
            Product(tape.Region(x, TapeBuilder.Tokens(), k), tape.Region(part), sum, MatMulResult.Integer, 0),
            new Reduce
            {
                Source = sum,
                Destination = sum,
                Group = Group.Ranks,
                Operation = ReduceOperation.SumIntegers,
                Algorithm = CollectiveAlgorithm.Ring,
                LinkClass = 0,
            },
            new Finish
            {
                Accumulator = sum,
                X = xs,
                W = tape.Region(part),
                Destination = finished,
            },
            Product(xs, tape.Region(w), whole, MatMulResult.Final, 0)
        );
        using ReferenceMachine machine = tape.Machine(
            ("x", TapeBuilder.Pack(activation, TapeBuilder.Random(3, 16 * K), 16)),
            ("w", TapeBuilder.Pack(weight, TapeBuilder.Random(4, N * K), N))
        );
        Step step = TapeBuilder.Step((0, T));
        machine.Execute(step);
        for (int rank = 0; rank < 2; rank++)
        {
            for (int tile = 0; tile < 2; tile++)
            {
                float[] result = machine.Floats(step, finished, rank, tile);
                Assert.Equal(T * (tile == 0 ? 7 : 5), result.Length);
                Assert.Contains(result, value => value != 0);
                Assert.Equal(TapeBuilder.Bits(machine.Floats(step, whole, rank, tile)), TapeBuilder.Bits(result));
            }
        }
    }

    [Fact]
    public void MatMul_InstalledSlots_SameBitsAsStreamed()
    {
        TapeBuilder tape = new();
        Axis n = new(N) { LoopStep = 5 };
        int x = tape.Constant("x", NumberFormat.F32, TapeBuilder.All(16), TapeBuilder.All(K));
        int w = tape.Constant("w", NumberFormat.F32, TapeBuilder.All(N), TapeBuilder.All(K), Space.Dram);
        int slot = tape.Buffer("slot", NumberFormat.F32, n, TapeBuilder.All(K), BufferKind.Staging, Space.Array);
        int y = tape.Buffer("y", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(N));
        int streamed = tape.Buffer("streamed", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(N));
        int xs = tape.Region(x, TapeBuilder.Tokens());
        int expected = tape.Region(streamed);
        int result = tape.Region(y);
        tape.Add(
            new Loop { Level = 0, Count = SizeExpression.Of(3) },
            new Install { Source = tape.Region(w, n), Slot = tape.Region(slot) },
            Product(xs, tape.Region(slot), tape.Region(y, null, n), MatMulResult.Final, 32),
            new End { Level = 0 },
            Product(xs, tape.Region(w), expected, MatMulResult.Final, 32)
        );
        using ReferenceMachine machine = tape.Machine(
            ("x", TapeBuilder.Pack(NumberFormat.F32, TapeBuilder.Random(5, 16 * K), 16)),
            ("w", TapeBuilder.Pack(NumberFormat.F32, TapeBuilder.Random(6, N * K), N))
        );
        Step step = TapeBuilder.Step((0, T));
        machine.Execute(step);
        Assert.Equal(TapeBuilder.Bits(machine.Floats(step, expected)), TapeBuilder.Bits(machine.Floats(step, result)));
    }
}
