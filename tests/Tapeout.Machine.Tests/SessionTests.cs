using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Machine.Sessions;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Machine.Tests;

public class SessionTests
{
    private const int D = 32;
    private const int Vocabulary = 40;

    /// <summary>A one-layer, one-head attention model over random weights: what it says depends on every token before.</summary>
    private static ReferenceMachine Model()
    {
        TapeBuilder tape = new();
        int table = tape.Constant("table", NumberFormat.F32, TapeBuilder.All(Vocabulary), TapeBuilder.All(D));
        int gamma = tape.Constant("gamma", NumberFormat.F32, TapeBuilder.All(1), TapeBuilder.All(D));
        int phases = tape.Constant("phases", NumberFormat.I32, TapeBuilder.All(1), TapeBuilder.All(D));
        int x = tape.Region(tape.Buffer("x", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(D)));
        int r = tape.Region(tape.Buffer("r", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(D)));
        int y = tape.Buffer("y", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(D));
        int sums = tape.Region(tape.Buffer("sums", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(1)));
        int last = tape.Region(tape.Buffer("last", NumberFormat.F32, TapeBuilder.Rows, TapeBuilder.All(D)));
        int logits = tape.Region(tape.Buffer("logits", NumberFormat.F32, TapeBuilder.Rows, TapeBuilder.All(Vocabulary)));
        int values = tape.Region(tape.Buffer("values", NumberFormat.F32, TapeBuilder.Rows, TapeBuilder.All(8)));
        int ids = tape.Region(tape.Buffer("ids", NumberFormat.I32, TapeBuilder.Rows, TapeBuilder.All(8)));
        int taken = tape.Region(tape.Buffer("taken", NumberFormat.I32, TapeBuilder.Tokens(), TapeBuilder.All(1)));
        int drawn = tape.Region(tape.Buffer("drawn", NumberFormat.I32, TapeBuilder.Rows, TapeBuilder.All(1)));
        int cache = tape.Region(
            tape.Buffer(
                "kv",
                NumberFormat.F16,
                TapeBuilder.All(64),
                TapeBuilder.All(D),
                BufferKind.State,
                stack1: TapeBuilder.Envelope.Pages
            )
        );
        int attended = tape.Region(y);
        tape.Add(
            new PageCopy { Cache = cache },
            new HostIn { Destination = taken, Data = HostData.TokenIds },
            new Gather
            {
                Table = tape.Region(table),
                Destination = x,
                Rows = RowSource.TokenIds,
                Ids = taken,
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
                Gamma = tape.Region(gamma),
                Destination = x,
                Width = D,
                Epsilon = 1e-5f,
            },
            new Rotate
            {
                Source = x,
                Destination = r,
                Phases = tape.Region(phases),
                HeadDimension = D,
                RotaryDimensions = D,
                Pairing = RopePairing.HalfSplit,
            },
            new KvAppend
            {
                Source = r,
                Cache = cache,
                HeadDimension = D,
            },
            new Attend
            {
                Query = r,
                Keys = cache,
                Values = cache,
                Destination = attended,
                HeadDimension = D,
                GroupSize = 1,
                Scale = 0.2f,
                Window = 0,
                Softcap = 0,
                Result = AttentionResult.Final,
                FirstBlock = default,
                BlockCount = 0,
            },
            new Gather
            {
                Table = attended,
                Destination = last,
                Rows = RowSource.LogitRows,
            },
            new MatMul
            {
                X = last,
                W = tape.Region(table),
                Y = logits,
                Result = MatMulResult.Final,
                Accumulate = AccumulateMode.Overwrite,
                FirstLevels = 0,
                PlanLength = D,
                PlanBlock = 32,
            },
            new TopK
            {
                Source = logits,
                Values = values,
                Ids = ids,
                Count = 8,
            },
            new Sample
            {
                Values = values,
                Ids = ids,
                Destination = drawn,
            },
            new HostOut { Source = logits, Data = HostData.Logits },
            new HostOut { Source = drawn, Data = HostData.TokenIds }
        );
        return tape.Machine(
            ("table", TapeBuilder.Pack(NumberFormat.F32, TapeBuilder.Random(20, Vocabulary * D), Vocabulary)),
            ("gamma", TapeBuilder.Pack(NumberFormat.F32, [.. Enumerable.Repeat(1f, D)], 1)),
            ("phases", TapeBuilder.Pack(NumberFormat.I32, [.. Enumerable.Range(0, D).Select(i => 1e7f * (i + 1))], 1))
        );
    }

    private static GenerationRequest Request(int seed, int length, int tokens, float temperature) =>
        new()
        {
            Prompt = [.. Enumerable.Range(0, length).Select(i => (i * 7 + seed * 5 + i * i) % Vocabulary)],
            MaxTokens = tokens,
            Sampler = new(temperature, 0, 0.95f, 5, (ulong)seed),
            LogitsAtEveryPosition = true,
        };

    private static Dictionary<int, (List<int> Ids, List<float[]> Logits)> Run(SessionOptions options, params GenerationRequest[] requests)
    {
        using ReferenceMachine machine = Model();
        Dictionary<int, (List<int> Ids, List<float[]> Logits)> results = [];
        Session session = new(machine, options)
        {
            LogitsReady = row =>
            {
                Assert.Equal(row.Position, results[row.Request].Logits.Count);
                results[row.Request].Logits.Add(row.Values.ToArray());
            },
        };
        foreach (GenerationRequest request in requests)
            results[session.Add(request)] = ([], []);
        foreach (GeneratedToken token in session.Run(TestContext.Current.CancellationToken))
            results[token.Request].Ids.Add(token.Id);
        return results;
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1.5f)]
    public void Session_ChunksBatchesAndPages_SameTokensAndLogits(float temperature)
    {
        GenerationRequest a = Request(1, 100, 9, temperature);
        GenerationRequest b = Request(2, 3, 70, temperature);
        GenerationRequest c = Request(3, 65, 1, temperature);
        var alone = new[] { a, b, c }.Select(request => Run(new(), request)[0]).ToArray();
        foreach (
            SessionOptions options in new SessionOptions[]
            {
                new() { ChunkTokens = 5 },
                new() { ScatterSeed = 3 },
                new()
                {
                    MaxSequences = 2,
                    ChunkTokens = 16,
                    ScatterSeed = 4,
                },
            }
        )
        {
            var together = Run(options, a, b, c);
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(alone[i].Ids, together[i].Ids);
                Assert.Equal(alone[i].Logits.Count, together[i].Logits.Count);
                for (int p = 0; p < alone[i].Logits.Count; p++)
                    Assert.Equal(TapeBuilder.Bits(alone[i].Logits[p]), TapeBuilder.Bits(together[i].Logits[p]));
            }
        }
        Assert.Equal([9, 70, 1], alone.Select(result => result.Ids.Count));
        Assert.Equal(100 + 8, alone[0].Logits.Count);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1.5f)]
    public void Session_Continue_KeepsWhatIsShared_AndMakesTheTokensOfAFreshRequest(float temperature)
    {
        GenerationRequest first = Request(1, 70, 6, temperature) with { KeepsCache = true };
        using ReferenceMachine machine = Model();
        Session session = new(machine);
        int number = session.Add(first);
        List<int> made = [.. session.Run(TestContext.Current.CancellationToken).Select(t => t.Id)];
        int[] longer = [.. first.Prompt, .. made, 3, 1, 4];
        // The last made token has not been processed; all before it have.
        Assert.Equal(first.Prompt.Length + made.Count - 1, session.Continue(number, [.. longer], 5));
        int steps = session.Steps.Count;
        List<int> more = [.. session.Run(TestContext.Current.CancellationToken).Select(t => t.Id)];
        Assert.Equal(4 + 4, session.Steps.Skip(steps).Sum(s => s.Tokens.Length));
        Assert.Equal(Run(new(), first with { Prompt = [.. longer], MaxTokens = 5 })[0].Ids, more);

        // A text that parts from what was said half-way overwrites the rest of the cache.
        int[] other = [.. longer[..40], 9, 9];
        Assert.Equal(40, session.Continue(number, [.. other], 5));
        more = [.. session.Run(TestContext.Current.CancellationToken).Select(t => t.Id)];
        Assert.Equal(Run(new(), first with { Prompt = [.. other], MaxTokens = 5 })[0].Ids, more);
    }

    [Fact]
    public void Session_Continue_StopsWhatIsUnderWay()
    {
        GenerationRequest first = Request(2, 20, 50, 0) with { KeepsCache = true };
        using ReferenceMachine machine = Model();
        Session session = new(machine);
        int number = session.Add(first);
        List<int> made = [];
        while (made.Count < 3)
            made.AddRange(session.Advance().Select(t => t.Id));
        int[] longer = [.. first.Prompt, .. made, 5];
        Assert.Equal(20 + 2, session.Continue(number, [.. longer], 4));
        List<int> more = [.. session.Run(TestContext.Current.CancellationToken).Select(t => t.Id)];
        Assert.Equal(Run(new(), first with { Prompt = [.. longer], MaxTokens = 4 })[0].Ids, more);
        Assert.False(session.HasWork);
    }

    [Fact]
    public void Session_KeptCache_HoldsItsPages_UntilItIsCancelled()
    {
        using ReferenceMachine machine = Model();
        Session session = new(machine);
        int kept = session.Add(Request(1, 4, 2, 0) with { KeepsCache = true });
        int plain = session.Add(Request(2, 4, 2, 0));
        // The kept one has pages for its whole context, which are all there are.
        Assert.Throws<InvalidOperationException>(() => session.Run(TestContext.Current.CancellationToken).Count());
        Assert.Throws<InvalidOperationException>(() => session.Continue(plain, [1], 1));
        Assert.Throws<InvalidInputException>(() => session.Continue(kept, [], 1));
        Assert.Throws<InvalidInputException>(() => session.Continue(kept, [.. new int[1025]], 1));
        Assert.True(session.Cancel(kept));
        Assert.Equal(2, session.Run(TestContext.Current.CancellationToken).Count());
        Assert.Throws<InvalidOperationException>(() => session.Continue(kept, [1], 1));
    }

    [Fact]
    public void Session_StopToken_EndsUnlessIgnored()
    {
        GenerationRequest request = Request(4, 10, 12, 1.5f);
        List<int> free = Run(new(), request)[0].Ids;
        int stop = free[4];
        GenerationRequest stopped = request with { StopIds = [stop] };
        Assert.Equal(free[..(free.IndexOf(stop) + 1)], Run(new(), stopped)[0].Ids);
        Assert.Equal(free, Run(new(), stopped with { IgnoreEndOfText = true })[0].Ids);
    }

    [Fact]
    public void Session_ImpossibleRequests_AreRefused()
    {
        using ReferenceMachine machine = Model();
        Session session = new(machine);
        Assert.Throws<InvalidInputException>(() => session.Add(Request(1, 0, 1, 0)));
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() => session.Add(Request(1, 1025, 1, 0)));
        Assert.Contains("1024", refusal.Message, StringComparison.Ordinal);
        Assert.False(session.HasWork);
    }

    [Fact]
    public void Session_TokenOutsideVocabulary_IsNamed()
    {
        using ReferenceMachine machine = Model();
        Session session = new(machine);
        session.Add(new() { Prompt = [Vocabulary], MaxTokens = 1 });
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() => session.Advance());
        Assert.Contains("identifier 40", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PageCopy_ForkedSequence_ContinuesAlike()
    {
        using ReferenceMachine machine = Model();
        Step prefill = TapeBuilder.Step((0, 10)) with { LogitRows = [] };
        machine.Execute(prefill);
        Step next = new()
        {
            Sequences = [new(0, 1, 10, [0])],
            Tokens = [new(3, 10, 0)],
            LogitRows = [new(0, Sampler.Greedy)],
        };
        machine.Execute(next with { Sequences = [new(0, 1, 10, [6])], PageCopies = [new(0, 6)] });
        float[] copied = [.. machine.Output.Logits[0]];
        machine.Execute(next);
        Assert.Equal(TapeBuilder.Bits(machine.Output.Logits[0]), TapeBuilder.Bits(copied));
        machine.Execute(next with { Sequences = [new(0, 1, 10, [9])] });
        Assert.NotEqual(TapeBuilder.Bits(machine.Output.Logits[0]), TapeBuilder.Bits(copied));
    }
}
