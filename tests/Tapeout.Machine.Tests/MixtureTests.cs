using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Tests;

public class MixtureTests
{
    private const int T = 3;
    private const int C = 8;
    private const int Experts = 4;

    /// <summary>Expert e multiplies by e + 1; equal logits go to the lower expert.</summary>
    [Fact]
    public void RouteExpertRowsAndMix_ThreeTokens_WeightedSumsInSlotOrder()
    {
        float[] logits = [0, 3, 3, 1, 2, 2, 2, 2, 5, -1, 0, 4];
        float[] values = TapeBuilder.Random(12, T * C);
        TapeBuilder tape = new();
        int logitTable = tape.Constant("logits", NumberFormat.F32, TapeBuilder.All(T), TapeBuilder.All(Experts));
        int table = tape.Constant("x", NumberFormat.F32, TapeBuilder.All(T), TapeBuilder.All(C));
        int gates = tape.Region(tape.Buffer("gates", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(2)));
        int ids = tape.Region(tape.Buffer("ids", NumberFormat.I32, TapeBuilder.Tokens(), TapeBuilder.All(2)));
        int permutation = tape.Region(tape.Buffer("permutation", NumberFormat.I32, TapeBuilder.Tokens(2), TapeBuilder.All(1)));
        int sorted = tape.Buffer("sorted", NumberFormat.F32, TapeBuilder.Tokens(2), TapeBuilder.All(C));
        int mixed = tape.Region(tape.Buffer("mixed", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(C)));
        Axis rows = new(SizeExpression.Of(Symbol.Tokens, 2)) { Kind = AxisKind.ExpertRows, LoopLevel = 1 };
        int expert = tape.Region(sorted, rows);
        tape.Add(
            new Route
            {
                Logits = tape.Region(logitTable, TapeBuilder.Tokens()),
                Gates = gates,
                Ids = ids,
                Permutation = permutation,
                Count = 2,
                Scoring = RouteScoring.SoftmaxThenTop,
                Normalise = true,
                Scale = 1f,
            },
            new Permute
            {
                Source = tape.Region(table, TapeBuilder.Tokens()),
                Permutation = permutation,
                Destination = tape.Region(sorted),
                Count = 2,
            },
            new Loop { Level = 1, Count = SizeExpression.Of(Experts) },
            new Binary
            {
                Left = expert,
                Right = expert,
                Destination = expert,
                Function = BinaryFunction.Add,
            },
            new End { Level = 1 },
            new Mix
            {
                Source = tape.Region(sorted),
                Permutation = permutation,
                Gates = gates,
                Destination = mixed,
                Count = 2,
            }
        );
        using ReferenceMachine machine = tape.Machine(
            ("logits", TapeBuilder.Pack(NumberFormat.F32, logits, T)),
            ("x", TapeBuilder.Pack(NumberFormat.F32, values, T))
        );
        Step step = TapeBuilder.Step((0, T));
        machine.Execute(step);
        Assert.Equal([1, 2, 0, 1, 0, 3], machine.Integers(step, ids));
        Assert.Equal([2, 2, 1, 1], step.Counts.Of(3).ToArray());
        // Pairs (token · 2 + slot) by expert 0, 1, 2, 3, and in the order of tokens within one.
        Assert.Equal([2, 4, 0, 3, 1, 5], machine.Integers(step, permutation));
        float[] g = machine.Floats(step, gates);
        Assert.Equal([0.5f, 0.5f, 0.5f, 0.5f], g[..4]);
        float[] expected = new float[T * C];
        for (int t = 0; t < T; t++)
        {
            for (int c = 0; c < C; c++)
            {
                float twice = values[t * C + c] + values[t * C + c];
                float one = g[2 * t] * twice;
                float two = g[2 * t + 1] * twice;
                expected[t * C + c] = one + two;
            }
        }
        Assert.Equal(TapeBuilder.Bits(expected), TapeBuilder.Bits(machine.Floats(step, mixed)));
    }

    [Fact]
    public void TopK_TilesMergedAndSampled_EqualsWholeRow()
    {
        const int Vocabulary = 50;
        float[] logits = [.. TapeBuilder.Random(13, 8 * Vocabulary).Select(value => MathF.Round(value * 8))];
        TapeBuilder tape = new(tiles: 3);
        int source = tape.Constant("logits", NumberFormat.F32, TapeBuilder.All(8), new(Vocabulary) { TileStep = 20 });
        Axis part = new(12) { TileStep = 4 };
        int values = tape.Buffer("values", NumberFormat.F32, TapeBuilder.Rows, part);
        int ids = tape.Buffer("ids", NumberFormat.I32, TapeBuilder.Rows, part);
        int allValues = tape.Region(tape.Buffer("all values", NumberFormat.F32, TapeBuilder.Rows, TapeBuilder.All(12)));
        int allIds = tape.Region(tape.Buffer("all ids", NumberFormat.I32, TapeBuilder.Rows, TapeBuilder.All(12)));
        int drawn = tape.Region(tape.Buffer("drawn", NumberFormat.I32, TapeBuilder.Rows, TapeBuilder.All(1)));
        Exchange exchange = new()
        {
            Source = tape.Region(values),
            Destination = allValues,
            Group = Group.Tiles,
            Algorithm = CollectiveAlgorithm.Direct,
            LinkClass = 0,
        };
        tape.Add(
            new TopK
            {
                Source = tape.Region(source, TapeBuilder.Rows),
                Values = tape.Region(values),
                Ids = tape.Region(ids),
                Count = 4,
            },
            exchange,
            exchange with
            {
                Source = tape.Region(ids),
                Destination = allIds,
            },
            new Sample
            {
                Values = allValues,
                Ids = allIds,
                Destination = drawn,
            },
            new HostOut { Source = drawn, Data = HostData.TokenIds },
            new HostOut { Source = tape.Region(source, TapeBuilder.Rows), Data = HostData.Logits }
        );
        using ReferenceMachine machine = tape.Machine(("logits", TapeBuilder.Pack(NumberFormat.F32, logits, 8)));
        Step step = TapeBuilder.Step((0, 1), (0, 2), (5, 1));
        machine.Execute(step);
        for (int row = 0; row < 3; row++)
        {
            float[] whole = logits[(row * Vocabulary)..((row + 1) * Vocabulary)];
            Assert.Equal(whole, machine.Output.Logits[row]);
            Assert.Equal(Array.IndexOf(whole, whole.Max()), machine.Output.TokenIds[row]);
        }

        // Draws: the same for the same key whatever the row, spread over the candidates for other seeds.
        HashSet<int> seen = [];
        for (int seed = 0; seed < 40; seed++)
        {
            Sampler sampler = new(4f, 0, 1f, (ulong)seed, 9);
            Step drawing = step with { LogitRows = [new(0, sampler), new(2, Sampler.Greedy), new(3, sampler with { TopK = 1 })] };
            machine.Execute(drawing);
            int first = machine.Output.TokenIds[0];
            Assert.Equal(
                Array.IndexOf(logits, logits[(2 * Vocabulary)..].Take(Vocabulary).Max(), 2 * Vocabulary) - 2 * Vocabulary,
                machine.Output.TokenIds[2]
            );
            machine.Execute(drawing with { LogitRows = [new(0, sampler)] });
            Assert.Equal(first, machine.Output.TokenIds[0]);
            seen.Add(first);
        }
        Assert.InRange(seen.Count, 4, 12);
    }
}
