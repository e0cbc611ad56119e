using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>Formulas of single instructions, worked out by hand.</summary>
public sealed class FormulaTests
{
    private const string WidePorts = "sram.bytesPerPort=1MiB/cycle";

    [Fact]
    public void Messages_EachIsWaitedForInItsTurn()
    {
        HandTape sender = new();
        HandTape receiver = new();
        for (int i = 0; i < 2; i++)
        {
            sender.Add(
                new Send
                {
                    Source = sender.Region(NumberFormat.F32, 100, 1000),
                    Channel = 3,
                    LinkClass = 0,
                }
            );
            receiver.Add(
                new Receive
                {
                    Destination = receiver.Region(NumberFormat.F32, 100, 1000),
                    Channel = 3,
                    LinkClass = 0,
                }
            );
        }
        Tape first = sender.Build();
        Tape tape = first with { Roles = [first.Roles[0], receiver.Build().Roles[0]] };
        Timeline timeline = HandTape.Time(tape, HandTape.Plain(WidePorts, "links[0].latency=500ns"));
        Assert.Equal([1501, 2501], timeline.Entries.Where(e => e.Instruction is Receive).Select(e => e.Done));
    }

    [Fact]
    public void Arrays_OfOneSetOfWeights_InstallBeforeTheyMultiply()
    {
        HandTape tape = new();
        int x = tape.Region(NumberFormat.Int8Row, 7, 64);
        int w = tape.Region(NumberFormat.Int8Row, 64, 64, kind: BufferKind.Constant);
        tape.Add(tape.Product(x, w, tape.Region(NumberFormat.F32, 7, 64)));
        long install = (new TensorLayout(NumberFormat.Int8Row, 64, 64).Bytes + 511) / 512;
        Assert.Equal(4 * 7 + install, HandTape.Time(tape.Build(), HandTape.Plain(WidePorts, "matrix.slots=1")).Makespan.Count);
    }

    [Fact]
    public void Functions_TakeTheirOwnUnits()
    {
        HandTape tape = new();
        tape.Add(
            new Unary
            {
                Source = tape.Region(NumberFormat.F32, 1, 4096),
                Destination = tape.Region(NumberFormat.F32, 1, 4096),
                Function = UnaryFunction.Silu,
                Parameter = 0,
            }
        );
        // Two operations an element on 64 lanes, an exponential and a reciprocal on 16.
        Assert.Equal(2 * 4096 / 64 + 2 * 4096 / 16, HandTape.Time(tape.Build(), HandTape.Plain(WidePorts)).Makespan.Count);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(64, 63)]
    public void Exchange_OverRanks_TakesTheOthersParts(int ranks, int parts)
    {
        HandTape tape = new(1, ranks);
        tape.Add(Exchange(tape, Group.Ranks, 100_000));
        // 400,000 B a part over eight links of 50 GB/s, then the hop.
        Timeline timeline = HandTape.Time(tape.Build(), HandTape.Plain(WidePorts, "links[0].latency=500ns"));
        Assert.Equal(1000 * parts + 500, timeline.Makespan.Count);
        Assert.Equal(400_000L * parts, timeline.Summary().LinkBytes.Count);
    }

    [Theory]
    [InlineData("tiles=1x2", 1, 100, 7)]
    [InlineData("tiles=2x2", 3, 100, 14)]
    [InlineData("tiles=4x4", 15, 1600, 42)]
    public void Exchange_OverTiles_PortsBisectionAndHops(string tiles, int others, long crossing, long hops)
    {
        HandTape tape = new((others + 1));
        tape.Add(Exchange(tape, Group.Tiles, 1600));
        ChipDescription chip = HandTape.Plain(WidePorts, tiles, "network.multicast=false", "network.hopLatency=7 cycles");
        // 6,400 B a part through ports of 64 B a cycle; across the middle, half of the parts go to each of the other half.
        long ports = 100L * others;
        Assert.Equal(Math.Max(ports, crossing) + hops, HandTape.Time(tape.Build(), chip).Makespan.Count);
    }

    /// <summary>Over tiles, each takes the others' shares of its part in through its port of 64 B a cycle, then the way past them.</summary>
    [Theory]
    [InlineData("tiles=1x2", 2, 50, 7)]
    [InlineData("tiles=2x2", 4, 75, 14)]
    public void AllToAll_OverTiles_SharesThroughThePortsAndHops(string tiles, int members, long ports, long hops)
    {
        HandTape tape = new(members);
        tape.Add(
            new AllToAll
            {
                Source = tape.Region(NumberFormat.F32, 1, 1600),
                Destination = tape.Region(NumberFormat.F32, 1, 1600),
                Group = Group.Tiles,
                Algorithm = Isa.CollectiveAlgorithm.Direct,
                LinkClass = 0,
            }
        );
        ChipDescription chip = HandTape.Plain(WidePorts, tiles, "network.multicast=false", "network.hopLatency=7 cycles");
        Assert.Equal(ports + hops, HandTape.Time(tape.Build(), chip).Makespan.Count);
    }

    [Theory]
    [InlineData(2, 1, 8)]
    [InlineData(8, 3, 1)]
    [InlineData(9, 4, 1)]
    public void Reduce_Butterfly_ARoundForEachDoubling(int ranks, int rounds, int links)
    {
        HandTape tape = new(1, ranks);
        int region = tape.Region(NumberFormat.F32, 100, 1000);
        tape.Add(
            new Reduce
            {
                Source = region,
                Destination = region,
                Group = Group.Ranks,
                Operation = ReduceOperation.SumNodes,
                Algorithm = Isa.CollectiveAlgorithm.Butterfly,
                LinkClass = 0,
                Engine = Engine.Link,
            }
        );
        ChipDescription chip = HandTape.Plain(WidePorts, "links[0].latency=500ns", "vector.operations=1000000/cycle");
        Assert.Equal(rounds * (8000 / links + 500), HandTape.Time(tape.Build(), chip).Makespan.Count);
    }

    /// <summary>Every member sends each other its share of the whole: n - 1 of n parts over all links, one latency.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void ReduceScatterAndAllToAll_TheOthersSharesOverAllLinksAtOnce(int ranks)
    {
        ChipDescription chip = HandTape.Plain(WidePorts, "links[0].latency=500ns", "vector.operations=1000000/cycle");
        long bytes = 400_000L * (ranks - 1) / ranks;
        long expected = (bytes + LinkBytes(chip) - 1) / LinkBytes(chip) + 500;
        HandTape scatter = new(1, ranks);
        scatter.Add(
            new ReduceScatter
            {
                Source = scatter.Region(NumberFormat.F32, 100, 1000),
                Destination = scatter.Region(NumberFormat.F32, new Axis(100) { RankStep = 100 / ranks + 1 }, new Axis(1000)),
                Group = Group.Ranks,
                Operation = ReduceOperation.SumNodes,
                Algorithm = Isa.CollectiveAlgorithm.Direct,
                LinkClass = 0,
                Engine = Engine.Link,
            }
        );
        HandTape toAll = new(1, ranks);
        toAll.Add(
            new AllToAll
            {
                Source = toAll.Region(NumberFormat.F32, 100, 1000),
                Destination = toAll.Region(NumberFormat.F32, 100, 1000),
                Group = Group.Ranks,
                Algorithm = Isa.CollectiveAlgorithm.Direct,
                LinkClass = 0,
                Engine = Engine.Link,
            }
        );
        Assert.Equal(expected, HandTape.Time(toAll.Build(), chip).Makespan.Count);
        Assert.InRange(HandTape.Time(scatter.Build(), chip).Makespan.Count, expected, expected + 1);

        static long LinkBytes(ChipDescription chip) => chip.Links[0].Bandwidth.Count * chip.Links[0].Count / chip.Clock.Count;
    }

    /// <summary>No array multiplies floats by floats here, so products are operations of the vector unit.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(3, 100)]
    public void Attend_EverySequenceAndTheWindow(int sequences, int window)
    {
        const int Context = 999;
        const int Heads = 4;
        HandTape tape = Attention(sequences, Heads, window);
        ChipDescription chip = HandTape.Plain(
            "sram.bytesPerPort=1B/cycle",
            "matrix.formats[0].macs=1000000/cycle",
            "vector.operations=1000000/cycle",
            "vector.specialOperations=1000000/cycle"
        );
        long held = sequences * (window > 0 ? window : Context + 1L);
        // Keys and values of two heads through 16 B a cycle of the engine; the ports take queries and results beside them.
        long read = 2 * held * 2 * 64 * 4 / 16;
        long ports = read + 2L * sequences * Heads * 64 * 4 / 16;
        Timeline timeline = Timeline.Of(tape.Build(), chip, Predictor.StepShape(sequences, 1, Context, false));
        Assert.Equal(ports, timeline.Makespan.Count);
    }

    /// <summary>Where products take the time, a window over a long context costs what a context as long as the window costs.</summary>
    [Fact]
    public void Attend_WindowOverALongContext_CostsAContextOfItsLength()
    {
        Assert.Equal(Cycles(window: 0, context: 99), Cycles(window: 100, context: 999));
        Assert.True(Cycles(window: 0, context: 99) < Cycles(window: 0, context: 999));

        static long Cycles(int window, int context)
        {
            HandTape tape = Attention(sequences: 1, heads: 4, window);
            ChipDescription chip = HandTape.Plain("vector.operations=1/cycle", "vector.specialOperations=1/cycle");
            return Timeline.Of(tape.Build(), chip, Predictor.StepShape(1, 1, context, false)).Makespan.Count;
        }
    }

    /// <summary>One ATTEND: a token of each sequence, heads of 64, two of them to a KV head, two KV heads held in SRAM.</summary>
    private static HandTape Attention(int sequences, int heads, int window)
    {
        HandTape tape = new();
        int keys = tape.Region(NumberFormat.F32, Envelope.PageSize * 2, 64, kind: BufferKind.State);
        tape.Add(
            new Attend
            {
                Query = tape.Region(NumberFormat.F32, sequences, heads * 64),
                Keys = keys,
                Values = keys,
                Destination = tape.Region(NumberFormat.F32, sequences, heads * 64),
                HeadDimension = 64,
                Window = window,
                GroupSize = 2,
                Scale = 1,
                Softcap = 0,
                Result = AttentionResult.Final,
                FirstBlock = default,
                BlockCount = 0,
            }
        );
        return tape;
    }

    private static Exchange Exchange(HandTape tape, Group group, int elements) =>
        new()
        {
            Source = tape.Region(NumberFormat.F32, 1, elements),
            Destination = tape.Region(NumberFormat.F32, 1, elements),
            Group = group,
            Algorithm = Isa.CollectiveAlgorithm.Direct,
            LinkClass = 0,
        };
}
