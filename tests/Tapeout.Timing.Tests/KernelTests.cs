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

    private static readonly ChipDescription A100 = ChipReader.Load("nvidia-a100-sxm");
    private static readonly SoftwareStack OfA100 = SoftwareStack.Load("trtllm-a100");

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

    /// <summary>Weights in groups of four bits are expanded between multiplications: a product of many rows takes that much longer than bf16.</summary>
    [Fact]
    public void Products_OfWeightsThatAreExpanded_TakeItsOperationsBesideTheMultiplications()
    {
        long narrow = Expanded(NumberFormat.Int4Group(128));
        long wide = Expanded(NumberFormat.BF16);
        Assert.InRange((double)narrow / wide, 1.02, 1.5);

        static long Expanded(NumberFormat weights)
        {
            HandTape tape = new(A100.Tiles.Count);
            tape.Add(
                tape.Product(
                    tape.Region(NumberFormat.BF16, 8192, 8192, Space.Dram),
                    tape.Region(weights, 8192, 8192, Space.Dram, BufferKind.Constant),
                    tape.Region(NumberFormat.F32, 8192, 8192, Space.Dram)
                )
            );
            return HandTape.Time(tape.Build(), A100, new() { Software = OfA100 }).Makespan.Count;
        }
    }

    /// <summary>A kernel that finds the scale of each row itself waits for a row's way through a thread block, row after row.</summary>
    [Fact]
    public void Quantise_ThatFindsTheScalesOfRows_WaitsForMemoryRowAfterRow()
    {
        long found = Quantised(absoluteMaximum: -1);
        long given = Quantised(absoluteMaximum: 0);
        long latency = H100.Memory[0].Latency.ToCycles(H100.Clock).Count;
        Assert.InRange(found, 31 * 3 * latency, 34 * 3 * latency);
        Assert.True(given < found / 4);

        static long Quantised(int absoluteMaximum)
        {
            HandTape tape = new(H100.Tiles.Count);
            int Rows(NumberFormat format) => tape.Region(format, new Axis(64 * 132) { TileStep = 64 }, new Axis(64), Space.Dram);
            int source = Rows(NumberFormat.BF16);
            tape.Add(
                new Quantise
                {
                    Source = source,
                    Destination = Rows(NumberFormat.Int8Row),
                    AbsoluteMaximum = absoluteMaximum,
                }
            );
            return Time(tape.Build()).Makespan.Count;
        }
    }

    /// <summary>A library multiplies weights in 16-bit floats by activations of the same kind, though the tape keeps them in float32.</summary>
    [Fact]
    public void Products_OfHalfWeights_RunOnTheTensorCores()
    {
        static long Cycles(NumberFormat activations)
        {
            HandTape tape = new(H100.Tiles.Count);
            tape.Add(
                tape.Product(
                    tape.Region(activations, 4096, 8192, Space.Dram),
                    tape.Region(NumberFormat.BF16, 8192, 8192, Space.Dram, BufferKind.Constant),
                    tape.Region(NumberFormat.F32, 4096, 8192, Space.Dram)
                )
            );
            return Time(tape.Build()).Makespan.Count;
        }

        Assert.Equal(Cycles(NumberFormat.BF16), Cycles(NumberFormat.F32));
    }

    /// <summary>Of the tiles and splits that it times, a library takes the fastest: with any one of them alone it is no faster.</summary>
    [Fact]
    public void Products_NoSlowerThanAnyCandidateThatWasTimed() =>
        Gen.Select(Gen.Int[1, 3000], Gen.Int[64, 9000], Gen.Int[64, 9000])
            .Sample(
                (m, n, k) =>
                {
                    Tape tape = Products(1, m, n, k);
                    long picked = Time(tape).Makespan.Count;
                    return Library.Library!.Tiles.All(tile =>
                        new[] { 1, 4, 16 }.All(splits =>
                        {
                            KernelLibrary one = Library.Library with { Tiles = [tile], MostSplits = splits };
                            return picked <= Time(tape, Library with { Library = one }).Makespan.Count;
                        })
                    );
                },
                iter: 100
            );

    /// <summary>A launch that asks for a tile gets it: a product of one row is multiplied in whole tiles.</summary>
    [Fact]
    public void Products_OfATileThatIsAskedFor_MultiplyItWhole()
    {
        static long Cycles(int tileRows)
        {
            HandTape tape = new(H100.Tiles.Count);
            tape.Add(
                new Launch
                {
                    Length = 1,
                    BlockRows = tileRows,
                    BlockColumns = 256,
                    BlockDepth = 128,
                    SplitK = 1,
                    Stages = 1,
                    BlocksPerCore = 1,
                    Replay = true,
                }
            );
            tape.Add(
                tape.Product(
                    tape.Region(NumberFormat.BF16, 1, 4096, Space.Dram),
                    tape.Region(NumberFormat.BF16, 4096, 4096, Space.Dram, BufferKind.Constant),
                    tape.Region(NumberFormat.F32, 1, 4096, Space.Dram)
                )
            );
            return Time(tape.Build()).Makespan.Count;
        }

        long multiplied = (128 - 16) * 256L * 4096 / (2048 * 819 / 1000);
        Assert.InRange(Cycles(128) - Cycles(16), multiplied / 2, multiplied * 11 / 10);
    }

    /// <summary>Values that are the bytes of the keys come from memory once; a cache of both takes twice as long where memory is the limit.</summary>
    [Fact]
    public void Attend_KeysThatAreTheValues_AreReadOnce()
    {
        Step step = Predictor.StepShape(64, 1, 8191, false);
        long bytes = 64L * 8192 * 8 * 2 * 128 * 2;
        long activations = 2L * 64 * 32 * 128 * 2;
        Timeline apart = Decode(32, 8, isShared: false, step);
        Timeline shared = Decode(32, 8, isShared: true, step);
        Assert.Equal(bytes + activations, apart.Summary().MemoryBytes.Count);
        Assert.Equal(bytes / 2 + activations, shared.Summary().MemoryBytes.Count);
        Assert.InRange((double)apart.Makespan.Count / shared.Makespan.Count, 1.3, 2);
    }

    /// <summary>Element by element, all keys of a block come before its values: they stay in the shared SRAM only if what is in flight fits.</summary>
    [Fact]
    public void Attend_KeysThatAreTheValues_ComeAgainFromMemoryWhereTheSharedSramIsTooSmall()
    {
        double Gain(int context)
        {
            Step step = Predictor.StepShape(512, 1, context, false);
            return (double)Decode(32, 32, false, step).Makespan.Count / Decode(32, 32, true, step).Makespan.Count;
        }

        Assert.InRange(Gain(255), 1.2, 2);
        Assert.InRange(Gain(4095), 0.99, 1.01);
    }

    /// <summary>Long streams reach the memory's own efficiency, behind the launch and the beginning of the first blocks.</summary>
    [Fact]
    public void Attend_LongContexts_RunAtTheMemorysPace()
    {
        Step step = Predictor.StepShape(64, 1, 65535, false);
        long bytes = 64L * 65536 * 8 * 2 * 128 * 2 + 2L * 64 * 32 * 128 * 2;
        double memory = bytes * (double)A100.Clock.Count / (A100.Memory[0].Bandwidth.Count * (double)A100.Memory[0].Efficiency);
        long block = OfA100.Library!.DecodeBlock.ToCycles(A100.Clock).Count;
        long begin = block + block * 4 / 100;
        long launch = OfA100.Library.LaunchGap.ToCycles(A100.Clock).Count;
        long expected = launch + A100.IssueOverhead.Count + begin + (long)Math.Ceiling(memory);
        Assert.InRange(Decode(32, 8, false, step).Makespan.Count, expected - 1, expected + 1);
    }

    private static Timeline Decode(int heads, int kvHeads, bool isShared, Step step)
    {
        HandTape tape = new(A100.Tiles.Count);
        int Cache() => tape.Region(NumberFormat.BF16, kvHeads * Envelope.PageSize, 128, Space.Dram, BufferKind.State);
        int keys = Cache();
        tape.Add(
            new Launch
            {
                Length = 1,
                BlockRows = 1,
                BlockColumns = 1,
                BlockDepth = 1,
                SplitK = 1,
                Stages = 1,
                BlocksPerCore = 1,
                Replay = true,
            }
        );
        tape.Add(
            new Attend
            {
                Query = tape.Region(NumberFormat.BF16, step.Sequences.Length, heads * 128, Space.Dram),
                Keys = keys,
                Values = isShared ? keys : Cache(),
                Destination = tape.Region(NumberFormat.BF16, step.Sequences.Length, heads * 128, Space.Dram),
                HeadDimension = 128,
                GroupSize = heads / kvHeads,
                Scale = 1,
                Window = 0,
                Softcap = 0,
                Result = AttentionResult.Final,
                FirstBlock = new(0),
                BlockCount = 0,
            }
        );
        return Timeline.Of(tape.Build(), A100, step, new() { Software = OfA100 });
    }

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
