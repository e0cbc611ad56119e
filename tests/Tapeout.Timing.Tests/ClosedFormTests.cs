using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>Degenerate chips against formulas by hand.</summary>
public sealed class ClosedFormTests
{
    [Theory]
    [InlineData(1, 64, 64)]
    [InlineData(7, 96, 320)]
    [InlineData(128, 33, 65)]
    public void OneEngine_ProductsInSram_SumOfPasses(int rows, int n, int k)
    {
        HandTape tape = new();
        for (int i = 0; i < 3; i++)
        {
            int x = tape.Region(NumberFormat.Int8Row, rows, k);
            int w = tape.Region(NumberFormat.Int8Row, n, k, kind: BufferKind.Constant);
            tape.Add(tape.Product(x, w, tape.Region(NumberFormat.F32, rows, n)));
        }
        // Ports so wide that only passes and the install path count: whole arrays of 32 × 32, one row a cycle; 512 B a cycle of weights.
        ChipDescription chip = HandTape.Plain("sram.bytesPerPort=1MiB/cycle");
        long passes = (n + 31) / 32 * ((k + 31) / 32) * (long)rows;
        long install = (new TensorLayout(NumberFormat.Int8Row, n, k).Bytes + 511) / 512;
        Assert.Equal(3 * Math.Max(passes, install), HandTape.Time(tape.Build(), chip).Makespan.Count);
    }

    [Fact]
    public void InfiniteArrays_CopiesFromMemory_BytesOverBandwidth()
    {
        HandTape tape = new();
        for (int i = 0; i < 5; i++)
        {
            tape.Add(
                new Copy
                {
                    Source = tape.Region(NumberFormat.F32, 64, 1000, Space.Dram, BufferKind.Constant),
                    Destination = tape.Region(NumberFormat.F32, 64, 1000),
                    Multicast = false,
                }
            );
        }
        // 256,000 B at 400 GB/s · 0.5 and 1 GHz are 1,280 cycles each; the last result comes a nanosecond after its bytes.
        ChipDescription chip = HandTape.Plain("memory[0].efficiency=0.5", "sram.bytesPerPort=1MiB/cycle", "network.linkRate=1MiB/cycle");
        Timeline timeline = HandTape.Time(tape.Build(), chip);
        Assert.Equal(5 * 1280 + 1, timeline.Makespan.Count);
        Assert.Equal(5 * 256_000, timeline.Summary().MemoryBytes.Count);
    }

    [Fact]
    public void SharedPorts_TwoEnginesAtOnce_OneWaitsForTheOther()
    {
        HandTape tape = new();
        tape.Add(
            new Binary
            {
                Left = tape.Region(NumberFormat.F32, 1, 4096),
                Right = tape.Region(NumberFormat.F32, 1, 4096),
                Destination = tape.Region(NumberFormat.F32, 1, 4096),
                Function = BinaryFunction.Add,
            }
        );
        tape.Add(
            new Copy
            {
                Source = tape.Region(NumberFormat.F32, 1, 8192),
                Destination = tape.Region(NumberFormat.F32, 1, 8192),
                Multicast = false,
            }
        );
        // Ports of 16 B a cycle: 3 · 16,384 B of the addition, 2 · 32,768 B of the copy, on two engines that share them.
        ChipDescription chip = HandTape.Plain("sram.bytesPerPort=1B/cycle");
        Timeline timeline = HandTape.Time(tape.Build(), chip);
        Assert.Equal((3 * 16_384 + 2 * 32_768) / 16, timeline.Makespan.Count);
        Assert.Contains(timeline.CriticalPath, e => e.Cause == Limiter.Contention);
    }

    [Fact]
    public void FillAndIssue_AreChargedApart()
    {
        HandTape tape = new();
        int x = tape.Region(NumberFormat.Int8Row, 100, 32);
        int w = tape.Region(NumberFormat.Int8Row, 32, 32, kind: BufferKind.Constant);
        tape.Add(tape.Product(x, w, tape.Region(NumberFormat.F32, 100, 32)));
        ChipDescription chip = HandTape.Plain("issueOverhead=4 cycles", "matrix.pipelineFill=40 cycles", "sram.bytesPerPort=1MiB/cycle");
        Timeline timeline = HandTape.Time(tape.Build(), chip);
        Assert.Equal(4 + 40 + 100, timeline.Makespan.Count);
        Assert.Equal(4, timeline.CriticalPath.Single(e => e.Cause == Limiter.Issue).Cycles.Count);
        Assert.Equal(40, timeline.CriticalPath.Single(e => e.Cause == Limiter.Fill).Cycles.Count);
        Assert.Equal(100, timeline.CriticalPath.Single(e => e.Cause == Limiter.Compute).Cycles.Count);
    }

    [Fact]
    public void Overlap_CopiesBesideProducts_TheSlowerCounts()
    {
        HandTape tape = new();
        int x = tape.Region(NumberFormat.Int8Row, 1024, 32);
        int w = tape.Region(NumberFormat.Int8Row, 32, 32, kind: BufferKind.Constant);
        int y = tape.Region(NumberFormat.F32, 1024, 32);
        int source = tape.Region(NumberFormat.F32, 50, 1000, Space.Dram);
        int destination = tape.Region(NumberFormat.F32, 50, 1000);
        for (int i = 0; i < 4; i++)
        {
            tape.Add(tape.Product(x, w, y));
            tape.Add(
                new Copy
                {
                    Source = source,
                    Destination = destination,
                    Multicast = false,
                }
            );
        }
        ChipDescription chip = HandTape.Plain("memory[0].efficiency=1", "sram.bytesPerPort=1MiB/cycle", "network.linkRate=1MiB/cycle");
        // 1,024 cycles of passes beside 500 of memory, four times.
        Assert.Equal(4 * 1024, HandTape.Time(tape.Build(), chip).Makespan.Count);
    }

    [Fact]
    public void Token_MakesTheSecondWaitForTheResult()
    {
        HandTape tape = new();
        int token = tape.Token(Engine.Dma, Engine.Matrix);
        int source = tape.Region(NumberFormat.F32, 50, 1000, Space.Dram);
        tape.Add(
            new Copy
            {
                Source = source,
                Destination = tape.Region(NumberFormat.F32, 50, 1000),
                Multicast = false,
                Signals = [token],
            }
        );
        int x = tape.Region(NumberFormat.Int8Row, 1024, 32);
        int w = tape.Region(NumberFormat.Int8Row, 32, 32, kind: BufferKind.Constant);
        tape.Add(tape.Product(x, w, tape.Region(NumberFormat.F32, 1024, 32)) with { Waits = [token] });
        ChipDescription chip = HandTape.Plain(
            "memory[0].efficiency=1",
            "memory[0].latency=100ns",
            "sram.bytesPerPort=1MiB/cycle",
            "network.linkRate=1MiB/cycle"
        );
        Timeline timeline = HandTape.Time(tape.Build(), chip);
        Assert.Equal(500 + 100 + 1024, timeline.Makespan.Count);
        Assert.Equal(100, timeline.CriticalPath.Where(e => e.Cause == Limiter.Latency).Sum(e => e.Cycles.Count));
    }

    [Theory]
    [InlineData("40", 40)]
    [InlineData("rows + 12", 112)]
    [InlineData("(n / 5) * (rows + k) - 1", 923)]
    public void DurationOfTheChipsFile_ReplacesTheEnginesOwn(string formula, long cycles)
    {
        HandTape tape = new();
        int x = tape.Region(NumberFormat.Int8Row, 100, 32);
        int w = tape.Region(NumberFormat.Int8Row, 32, 32, kind: BufferKind.Constant);
        tape.Add(tape.Product(x, w, tape.Region(NumberFormat.F32, 100, 32)));
        ChipDescription chip = HandTape.Plain("sram.bytesPerPort=1MiB/cycle") with
        {
            Durations = new Dictionary<string, DurationOverride>
            {
                ["MATMUL"] = new() { Formula = formula, Source = "RTL" },
            },
        };
        Assert.Equal(cycles, HandTape.Time(tape.Build(), chip).Makespan.Count);
    }

    [Theory]
    [InlineData("rows +")]
    [InlineData("lines")]
    [InlineData("(3")]
    [InlineData("4 / (rows - rows)")]
    public void DurationFormula_ThatIsNone_IsRefused(string formula) =>
        Assert.Throws<Quantities.InvalidInputException>(() => DurationFormula.Parse("MATMUL", formula).Evaluate(_ => 7));

    [Fact]
    public void RolesJoinedByAChannel_TheReceiverWaits()
    {
        HandTape sender = new();
        sender.Add(
            new Send
            {
                Source = sender.Region(NumberFormat.F32, 100, 1000),
                Channel = 3,
                LinkClass = 0,
            }
        );
        HandTape receiver = new();
        receiver.Add(
            new Receive
            {
                Destination = receiver.Region(NumberFormat.F32, 100, 1000),
                Channel = 3,
                LinkClass = 0,
            }
        );
        Tape first = receiver.Build();
        // The receiving role stands first, so that the order of roles does not decide.
        Tape tape = first with
        {
            Roles = [first.Roles[0], sender.Build().Roles[0]],
        };
        ChipDescription chip = HandTape.Plain("sram.bytesPerPort=1MiB/cycle", "links[0].latency=500ns");
        // 400,000 B over eight links of 50 GB/s are 1,000 cycles, then the hop, then a cycle of the receiver's ports.
        Assert.Equal(1501, HandTape.Time(tape, chip).Makespan.Count);
    }
}
