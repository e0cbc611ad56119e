using CsCheck;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>Kernels of a library on a chip that executes dynamically, and what a step takes for granted.</summary>
public sealed class KernelTests
{
    private static readonly ChipDescription H100 = ChipReader.Load("nvidia-h100-sxm");
    private static readonly SoftwareStack Library = SoftwareStack.Load("trtllm-h100");

    private static Timeline Time(Tape tape, SoftwareStack? software = null) =>
        HandTape.Time(tape, H100, new() { Software = software ?? Library });

    private static Tape Products(int kernels, int m, int n, int k, bool replay = true)
    {
        HandTape tape = new(H100.Tiles.Count);
        for (int i = 0; i < kernels; i++)
        {
            tape.Add(
                new Launch
                {
                    Length = 1,
                    BlockRows = 128,
                    BlockColumns = 128,
                    BlockDepth = 64,
                    SplitK = 1,
                    Stages = 1,
                    BlocksPerCore = 1,
                    Replay = replay,
                }
            );
            tape.Add(
                tape.Product(
                    tape.Region(NumberFormat.BF16, m, k, Space.Dram),
                    tape.Region(NumberFormat.BF16, n, k, Space.Dram, BufferKind.Constant),
                    tape.Region(NumberFormat.F32, m, n, Space.Dram)
                )
            );
        }
        return tape.Build();
    }

    [Fact]
    public void KernelsOfAGraph_FollowEachOther() =>
        Assert.Equal(3 * Time(Products(1, 64, 1024, 1024)).Makespan.Count, Time(Products(3, 64, 1024, 1024)).Makespan.Count);

    [Fact]
    public void Kernel_StartsWhenItIsLaunched()
    {
        TimelineEntry[] entries = [.. Time(Products(1, 64, 1024, 1024)).Entries];
        Assert.True(entries[0].Done > 0);
        Assert.Equal(entries[0].Done, entries[1].Start);
    }

    [Fact]
    public void KernelsLaunchedByTheHost_RunAtItsPace()
    {
        // The host needs 20 us a launch, the kernel some 1.5: the second kernel ends a launch after the first.
        long one = Time(Products(1, 16, 1024, 1024, false)).Makespan.Count;
        long two = Time(Products(2, 16, 1024, 1024, false)).Makespan.Count;
        long launch = (Library.KernelGap + Library.Library!.LaunchGap).ToCycles(H100.Clock).Count;
        Assert.Equal(launch, two - one);
    }

    [Fact]
    public void Products_AreNoFasterThanPeakAndMemory_AndNeverShorterForMoreWork() =>
        Gen.Select(Gen.Int[1, 2000], Gen.Int[64, 9000], Gen.Int[64, 9000])
            .Sample(
                (m, n, k) =>
                {
                    long time = Time(Products(1, m, n, k)).Makespan.Count;
                    double seconds = time / (double)H100.Clock.Count;
                    double peak = (double)m * n * k / (2048.0 * 132 * H100.Clock.Count);
                    double memory = 2.0 * ((double)n * k + (double)m * k) / 3.35e12;
                    return seconds >= peak
                        && seconds >= memory
                        && Time(Products(1, m, n + 512, k)).Makespan.Count >= time
                        && Time(Products(1, m + 256, n, k)).Makespan.Count >= time;
                },
                iter: 300
            );

    [Fact]
    public void Experts_CountsSumAndStayWithinTokens() =>
        Gen.Select(Gen.Int[1, 256], Gen.Int[1, 5000], Gen.Int[1, 8], Gen.Double[0, 1.5], Gen.Int[0, 80])
            .Where(g => g.Item3 <= g.Item1)
            .Sample(
                g =>
                {
                    (int experts, int tokens, int used, double exponent, int layer) = g;
                    ExpertDistribution distribution = new(exponent < 0.1 ? 0 : exponent, 7);
                    int[] counts = distribution.Counts(layer, experts, tokens, used);
                    return counts.Length == experts
                        && counts.Sum(c => (long)c) == (long)tokens * used
                        && counts.All(c => c >= 0 && c <= tokens)
                        && counts.SequenceEqual(distribution.Counts(layer, experts, tokens, used));
                },
                iter: 5000
            );

    [Fact]
    public void Sensitivity_OfAMemoryBoundStep_NamesTheMemory()
    {
        HandTape tape = new();
        for (int i = 0; i < 4; i++)
        {
            tape.Add(
                new Copy
                {
                    Source = tape.Region(NumberFormat.F32, 64, 4000, Space.Dram, BufferKind.Constant),
                    Destination = tape.Region(NumberFormat.F32, 64, 4000),
                    Multicast = false,
                }
            );
        }
        ChipDescription chip = HandTape.Plain("sram.bytesPerPort=1MiB/cycle", "network.linkRate=1MiB/cycle");
        IReadOnlyList<ResourceGain> gains = Sensitivity.Of(tape.Build(), chip, Predictor.StepShape(1, 1, 0, false), TimingOptions.Default);
        Assert.Equal(Resource.MemoryBandwidth, gains[0].Resource);
        Assert.InRange(gains[0].Share, 0.09, 0.092);
        Assert.All(gains.Skip(1), g => Assert.Equal(0, g.Share));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(8, 14)]
    public void RingOfALibrary_StepsAndShares(int ranks, int steps)
    {
        HandTape tape = new(1, ranks);
        int region = tape.Region(NumberFormat.F32, 1024, 1024);
        tape.Add(
            new Reduce
            {
                Source = region,
                Destination = region,
                Group = Group.Ranks,
                Operation = ReduceOperation.SumNodes,
                Algorithm = Isa.CollectiveAlgorithm.Ring,
                LinkClass = 0,
                Engine = Engine.Link,
            }
        );
        SoftwareStack stack = Library with
        {
            Library = null,
            Collectives =
            [
                new()
                {
                    Algorithm = Chips.CollectiveAlgorithm.Ring,
                    Startup = Quantities.Duration.FromMicroseconds(5),
                    StepOverhead = Quantities.Duration.FromMicroseconds(1),
                    Efficiency = 0.5m,
                },
            ],
        };
        // 4 MiB in shares over half of 400 GB/s at 1 GHz: 2 · (n − 1) / n of it, then the steps.
        long bytes = 2 * (ranks - 1) * (4L << 20) / ranks;
        long expected = ranks == 1 ? 0 : (bytes + 199) / 200 + 5000 + 1000 * steps;
        long time = HandTape.Time(tape.Build(), HandTape.Plain("sram.bytesPerPort=1MiB/cycle"), new() { Software = stack }).Makespan.Count;
        Assert.InRange(time, expected, expected + 2);
    }
}
