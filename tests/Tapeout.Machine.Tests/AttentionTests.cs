using System.Collections.Immutable;
using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Tests;

public class AttentionTests
{
    private const int D = 32;
    private const int Heads = 4;
    private const int KvHeads = 2;

    /// <summary>Appends keys and values of the step's tokens (rows of a table by token identifier), attends in one piece and in two nodes.</summary>
    private sealed class Chip : IDisposable
    {
        private readonly ReferenceMachine _machine;
        private readonly int _final;
        private readonly int _merged;
        private readonly IDisposable? _kernels;

        // Threads are those of the fast machine's kernels; 0 for the reference machine.
        public Chip(NumberFormat format, int window = 0, float softcap = 0, int threads = 0)
        {
            TapeBuilder tape = new();
            int table = tape.Constant(
                "table",
                NumberFormat.F32,
                TapeBuilder.All(1024),
                TapeBuilder.All((Heads + 2 * KvHeads) * D),
                Space.Dram
            );
            int all = tape.Buffer("qkv", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All((Heads + 2 * KvHeads) * D));
            int query = tape.Buffer("q", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(Heads * D));
            int keys = Cache(tape, "k", format);
            int values = Cache(tape, "v", format);
            int final = tape.Buffer("final", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(Heads * D));
            int merged = tape.Buffer("merged", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(Heads * D));
            int partials = tape.Buffer("partials", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(Heads * (D + 2)), stack1: 4);
            _final = tape.Region(final);
            _merged = tape.Region(merged);
            int q = tape.Region(query);
            int k = tape.Region(keys);
            int v = tape.Region(values);
            Attend attend = new()
            {
                Query = q,
                Keys = k,
                Values = v,
                Destination = _final,
                HeadDimension = D,
                GroupSize = Heads / KvHeads,
                Scale = 0.25f,
                Window = window,
                Softcap = softcap,
                Result = AttentionResult.Final,
                FirstBlock = default,
                BlockCount = 0,
            };
            // A row of the table: the query in columns [0, 4 d), values in [0, 2 d) (outside of loops), keys in [6 d, 8 d) (the last iteration).
            Axis first = new(8 * D) { LoopStep = 4 * D, LoopLevel = 3 };
            Axis key = new(8 * D)
            {
                LoopStep = 4 * D,
                LoopLevel = 3,
                InnerStep = 2 * D,
                InnerLevel = 2,
            };
            int taken = tape.Region(tape.Buffer("taken", NumberFormat.I32, TapeBuilder.Tokens(), TapeBuilder.All(1)));
            tape.Add(
                new HostIn { Destination = taken, Data = HostData.TokenIds },
                new Gather
                {
                    Table = tape.Region(table),
                    Destination = tape.Region(all),
                    Rows = RowSource.TokenIds,
                    Ids = taken,
                },
                new Copy
                {
                    Source = tape.Region(all, null, first),
                    Destination = q,
                    Multicast = false,
                },
                new Loop { Level = 3, Count = SizeExpression.Of(2) },
                new Loop { Level = 2, Count = SizeExpression.Of(2) },
                new KvAppend
                {
                    Source = tape.Region(all, null, key),
                    Cache = tape.Region(keys),
                    HeadDimension = D,
                },
                new End { Level = 2 },
                new End { Level = 3 },
                new KvAppend
                {
                    Source = tape.Region(all, null, key),
                    Cache = v,
                    HeadDimension = D,
                },
                attend,
                new Loop { Level = 0, Count = SizeExpression.Of(4) },
                attend with
                {
                    Destination = tape.Region(partials, stack1: IndexExpression.Loop(0)),
                    Result = AttentionResult.Partial,
                    FirstBlock = new(0, 4, 0),
                    BlockCount = 4,
                },
                new End { Level = 0 },
                new Merge
                {
                    Partials = tape.Region(partials),
                    Destination = _merged,
                    HeadDimension = D,
                    Count = 4,
                }
            );
            (string, PackedTensor) constant = ("table", TapeBuilder.Pack(NumberFormat.F32, TapeBuilder.Random(7, 1024 * 8 * D), 1024));
            if (threads == 0)
                _machine = tape.Machine(constant);
            else
                (_machine, _kernels) = tape.FastMachine(threads, constant);
        }

        public (float[] Final, float[] Merged) Run(Step step)
        {
            _machine.Execute(step);
            return (_machine.Floats(step, _final), _machine.Floats(step, _merged));
        }

        public void Dispose()
        {
            _machine.Dispose();
            _kernels?.Dispose();
        }

        private static int Cache(TapeBuilder tape, string name, NumberFormat format) =>
            tape.Buffer(
                name,
                format,
                TapeBuilder.All(KvHeads * 64),
                TapeBuilder.All(D),
                BufferKind.State,
                Space.Dram,
                stack1: TapeBuilder.Envelope.Pages
            );
    }

    /// <summary>One sequence of token identifiers 0, 1, 2 …: its positions [context, context + count).</summary>
    private static Step StepOf(int context, int count, ImmutableArray<int> pages) =>
        new()
        {
            Sequences = [new(0, count, context, pages)],
            Tokens = [.. Enumerable.Range(context, count).Select(position => new TokenRow(position, position, 0))],
        };

    private static float[] RunAll(Chip chip, int positions, int chunk, ImmutableArray<int> pages, bool merged = false)
    {
        List<float> outputs = [];
        for (int done = 0; done < positions; done += chunk)
        {
            (float[] final, float[] viaNodes) = chip.Run(StepOf(done, Math.Min(chunk, positions - done), pages));
            outputs.AddRange(merged ? viaNodes : final);
        }
        return [.. outputs];
    }

    [Theory]
    [InlineData("f32", 0, 0)]
    [InlineData("f16", 0, 0)]
    [InlineData("int8-row", 0, 0)]
    [InlineData("int8-g16", 100, 0)]
    [InlineData("f32", 70, 5)]
    public void Attend_PartialsMergedChunksAndPages_SameBits(string formatName, int window, float softcap)
    {
        Assert.True(NumberFormat.TryParse(formatName, out NumberFormat format));
        const int Positions = 300;
        using Chip chip = new(format, window, softcap);
        ImmutableArray<int> straight = [0, 1, 2, 3, 4];
        ImmutableArray<int> scattered = [11, 3, 15, 0, 7];
        uint[] expected = TapeBuilder.Bits(RunAll(chip, Positions, 16, straight));
        Assert.Equal(expected, TapeBuilder.Bits(RunAll(chip, Positions, 16, straight, merged: true)));
        Assert.Equal(expected, TapeBuilder.Bits(RunAll(chip, Positions, 7, scattered)));
        Assert.Equal(expected, TapeBuilder.Bits(RunAll(chip, Positions, 1, scattered)));
    }

    /// <summary>More threads than there is work for divide the blocks into spans.</summary>
    [Theory]
    [InlineData("f32", 0, 0, 1)]
    [InlineData("f16", 0, 0, 2)]
    [InlineData("int8-row", 70, 5, 3)]
    [InlineData("f32", 100, 0, 8)]
    public void Attend_FastKernels_BitsOfTheReference(string formatName, int window, float softcap, int threads)
    {
        Assert.True(NumberFormat.TryParse(formatName, out NumberFormat format));
        const int Positions = 300;
        using Chip reference = new(format, window, softcap);
        using Chip fast = new(format, window, softcap, threads);
        ImmutableArray<int> pages = [11, 3, 15, 0, 7];
        foreach (int chunk in new[] { 1, 7, 16 })
        {
            Assert.Equal(
                TapeBuilder.Bits(RunAll(reference, Positions, chunk, pages)),
                TapeBuilder.Bits(RunAll(fast, Positions, chunk, pages))
            );
            Assert.Equal(
                TapeBuilder.Bits(RunAll(reference, Positions, chunk, pages, merged: true)),
                TapeBuilder.Bits(RunAll(fast, Positions, chunk, pages, merged: true))
            );
        }
    }

    [Fact]
    public void Attend_AgainstDoublePrecision_IsClose()
    {
        const int Positions = 150;
        using Chip chip = new(NumberFormat.F32);
        float[] actual = RunAll(chip, Positions, 16, [4, 2, 9]);
        float[] table = TapeBuilder.Random(7, 1024 * 8 * D);
        double worst = 0;
        for (int t = 0; t < Positions; t++)
        {
            for (int head = 0; head < Heads; head++)
            {
                int kv = head / 2;
                double[] scores = new double[t + 1];
                for (int p = 0; p <= t; p++)
                {
                    for (int j = 0; j < D; j++)
                        scores[p] += table[t * 8 * D + head * D + j] * (double)table[p * 8 * D + 6 * D + kv * D + j] * 0.25;
                }
                double largest = scores.Max();
                double sum = scores.Sum(score => Math.Exp(score - largest));
                for (int j = 0; j < D; j++)
                {
                    double value = 0;
                    for (int p = 0; p <= t; p++)
                        value += Math.Exp(scores[p] - largest) / sum * table[p * 8 * D + kv * D + j];
                    worst = Math.Max(worst, Math.Abs(value - actual[t * Heads * D + head * D + j]));
                }
            }
        }
        Assert.InRange(worst, 0, 1e-6);
    }
}
