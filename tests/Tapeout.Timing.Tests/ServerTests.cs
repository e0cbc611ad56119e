using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>Ports, network, links and host interface serve one instruction after the other, whatever engines ask.</summary>
public sealed class ServerTests
{
    private static readonly ChipDescription TwoTiles = HandTape.Plain(
        "tiles=1x2",
        "memory[0].efficiency=1",
        "sram.bytesPerPort=1MiB/cycle",
        "network.linkRate=4B/cycle"
    );

    [Fact]
    public void Network_ACopyAndAnExchange_OneWaitsForTheOther()
    {
        HandTape tape = new(2);
        tape.Add(ExchangeOverTiles(tape, 1000));
        tape.Add(
            new Copy
            {
                Source = tape.Region(NumberFormat.F32, 1, 1000, Space.Dram),
                Destination = tape.Region(NumberFormat.F32, 1, 1000),
                Multicast = false,
            }
        );
        // A tile takes in 4,000 B of its neighbour and 4,000 B of memory through one port of 4 B a cycle.
        Assert.Equal(1000 + 1000, HandTape.Time(tape.Build(), TwoTiles).Makespan.Count);
    }

    [Theory]
    [InlineData(0, 0, 2000)]
    [InlineData(0, 1, 1000)]
    public void Links_OfOneClassAreShared_OfTwoNot(int first, int second, long cycles)
    {
        HandTape tape = new(1, 2);
        foreach ((int linkClass, Engine engine) in ((int, Engine)[])[(first, Engine.Network), (second, Engine.Link)])
        {
            int region = tape.Region(NumberFormat.F32, 100, 1000);
            tape.Add(
                new Reduce
                {
                    Source = region,
                    Destination = region,
                    Group = Group.Ranks,
                    Operation = ReduceOperation.SumNodes,
                    Algorithm = Isa.CollectiveAlgorithm.InNetwork,
                    LinkClass = linkClass,
                    Engine = engine,
                }
            );
        }
        ChipDescription chip = HandTape.Plain("sram.bytesPerPort=1MiB/cycle", "links[0].latency=0ns", "vector.operations=1000000/cycle");
        // 400,000 B over eight links of 50 GB/s at 1 GHz.
        Assert.Equal(cycles, HandTape.Time(tape.Build(), chip).Makespan.Count);
    }

    [Fact]
    public void Host_BytesOverItsBandwidthAndThenItsLatency()
    {
        HandTape tape = new();
        for (int i = 0; i < 2; i++)
            tape.Add(new HostIn { Destination = tape.Region(NumberFormat.I32, 12_500, 1), Data = HostData.TokenIds });
        ChipDescription chip = HandTape.Plain("sram.bytesPerPort=1MiB/cycle");
        // Twice 50,000 B at 50 GB/s and 1 GHz, then a microsecond.
        Assert.Equal(2 * 1000 + 1000, HandTape.Time(tape.Build(), chip).Makespan.Count);
    }

    [Fact]
    public void Roles_OfTwoClocks_AreTimedInTheFirstOnes()
    {
        HandTape slow = new();
        HandTape fast = new();
        foreach (HandTape tape in (HandTape[])[fast, slow])
        {
            tape.Add(
                new Binary
                {
                    Left = tape.Region(NumberFormat.F32, 1, 6400),
                    Right = tape.Region(NumberFormat.F32, 1, 6400),
                    Destination = tape.Region(NumberFormat.F32, 1, 6400),
                    Function = BinaryFunction.Add,
                }
            );
        }
        Tape first = fast.Build();
        Tape both = first with { Roles = [first.Roles[0], slow.Build().Roles[0]] };
        ChipDescription quick = HandTape.Plain("sram.bytesPerPort=1MiB/cycle");
        ChipDescription half = HandTape.Plain("sram.bytesPerPort=1MiB/cycle", "clock=400MHz");
        Timeline timeline = Timeline.Of(both, [quick, half], Predictor.StepShape(1, 1, 0, false));
        // 100 cycles of 64 lanes: at 400 MHz they are 250 of the first role's.
        Assert.Equal([100, 250], timeline.Entries.Where(e => e.Instruction is Binary).Select(e => e.Done));
    }

    private static Exchange ExchangeOverTiles(HandTape tape, int elements) =>
        new()
        {
            Source = tape.Region(NumberFormat.F32, 1, elements),
            Destination = tape.Region(NumberFormat.F32, 1, elements),
            Group = Group.Tiles,
            Algorithm = Isa.CollectiveAlgorithm.Direct,
            LinkClass = 0,
        };
}
