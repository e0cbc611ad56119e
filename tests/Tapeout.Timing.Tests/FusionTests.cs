using CsCheck;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>Kernels that a software stack runs as one launch: one gap, and what passes between them stays in the core.</summary>
public sealed class FusionTests
{
    private static readonly ChipDescription H100 = ChipReader.Load("nvidia-h100-sxm");
    private static readonly SoftwareStack Bare = SoftwareStack.Load("trtllm-h100") with { Fusions = [] };
    private const int Rows = 64;
    private const int Columns = 4096;

    private static SoftwareStack Fusing(params FusedOperation[] operations) =>
        Bare with
        {
            Fusions =
            [
                new()
                {
                    Title = "test",
                    Operations = operations,
                    Basis = "estimate",
                },
            ],
        };

    private static Timeline Time(Tape tape, SoftwareStack software) => HandTape.Time(tape, H100, new() { Software = software });

    private static StepWork Work(Tape tape, SoftwareStack software) =>
        StepWork.Of(tape, H100, Predictor.StepShape(1, 1, 0, false), new() { Software = software });

    private static int Tensor(HandTape tape, NumberFormat format, int columns = Columns) =>
        tape.Region(format, new Axis(Rows) { TileStep = 1 }, new Axis(columns), Space.Dram);

    private static void Kernel(HandTape tape, Instruction instruction) =>
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
            )
            .Add(instruction);

    private static Tape NormThenQuantise()
    {
        HandTape tape = new(H100.Tiles.Count);
        int source = Tensor(tape, NumberFormat.F32);
        int sums = Tensor(tape, NumberFormat.F32, 1);
        int normed = Tensor(tape, NumberFormat.F32);
        Kernel(
            tape,
            new NormSum
            {
                Source = source,
                Destination = sums,
                Kind = NormSumKind.SumOfSquares,
            }
        );
        Kernel(
            tape,
            new Norm
            {
                Source = source,
                Sums = sums,
                Gamma = tape.Region(NumberFormat.F32, 1, Columns, Space.Dram, BufferKind.Constant),
                Destination = normed,
                Width = Columns,
                Epsilon = 0,
            }
        );
        Kernel(
            tape,
            new Quantise
            {
                Source = normed,
                Destination = Tensor(tape, NumberFormat.Int8Group(128)),
                AbsoluteMaximum = -1,
            }
        );
        return tape.Build();
    }

    /// <summary>The source is read once instead of twice, sums and normed rows are neither written nor read: to the byte.</summary>
    [Fact]
    public void FusedNeighbours_HaveOneGap_AndKeepWhatPasses()
    {
        Tape tape = NormThenQuantise();
        SoftwareStack fused = Fusing(FusedOperation.Norm, FusedOperation.Quantise);
        Int128 Shared(SoftwareStack s) => Work(tape, s).Sum(l => l.Item.Kind == WorkKind.Bytes && l.Item.Level == MemoryLevel.SharedSram);
        Int128 kept = 3 * 4 * Rows * Columns + 2 * 4 * Rows;
        Assert.Equal(Shared(Bare) - kept, Shared(fused));
        // Operations are the same: only bytes and gaps are saved.
        foreach (WorkKind kind in (WorkKind[])[WorkKind.Vector, WorkKind.Quantise, WorkKind.Function])
            Assert.Equal(Work(tape, Bare).Sum(l => l.Item.Kind == kind), Work(tape, fused).Sum(l => l.Item.Kind == kind));
        long gap = Bare.Library!.ElementwiseGap.ToCycles(H100.Clock).Count;
        long saved = Time(tape, Bare).Makespan.Count - Time(tape, fused).Makespan.Count;
        Assert.InRange(saved, 2 * gap, 2 * gap + (long)kept / 1000);
        Assert.Equal(1, Time(tape, fused).Entries.Count(e => e.Instruction is Launch && e.Done > e.Start));
        Assert.Equal(Time(tape, fused).Makespan.Count, Time(tape, fused).CriticalPath.Sum(e => e.Cycles.Count));
    }

    [Theory]
    [InlineData(new[] { FusedOperation.Quantise, FusedOperation.Norm }, 2)]
    [InlineData(new[] { FusedOperation.Add }, 3)]
    [InlineData(new[] { FusedOperation.Collective, FusedOperation.Add, FusedOperation.Norm }, 2)]
    [InlineData(new[] { FusedOperation.Norm, FusedOperation.Activation, FusedOperation.Quantise }, 1)]
    public void Operations_FuseInTheirOrderAlone(FusedOperation[] operations, int launches) =>
        Assert.Equal(
            launches,
            Time(NormThenQuantise(), Fusing(operations)).Entries.Count(e => e.Instruction is Launch && e.Done > e.Start)
        );

    /// <summary>What another kernel reads later has to be written.</summary>
    [Fact]
    public void ResultsThatAreReadElsewhere_AreWritten()
    {
        HandTape tape = new(H100.Tiles.Count);
        int sum = Tensor(tape, NumberFormat.F32);
        int left = Tensor(tape, NumberFormat.F32);
        Binary Add(int to, int other) =>
            new()
            {
                Left = left,
                Right = other,
                Destination = to,
                Function = BinaryFunction.Add,
            };
        NormSum Sums() =>
            new()
            {
                Source = sum,
                Destination = Tensor(tape, NumberFormat.F32, 1),
                Kind = NormSumKind.SumOfSquares,
            };
        Kernel(tape, Add(sum, left));
        Kernel(tape, Sums());
        Tape alone = tape.Build();
        Kernel(tape, new Softmax { Source = sum, Destination = Tensor(tape, NumberFormat.F32) });
        Tape read = tape.Build();
        Int128 Written(Tape t) =>
            Work(t, Fusing(FusedOperation.Add, FusedOperation.Norm))
                .Lines.Where(l => l.ProgramCounter == 1 && l.Item == WorkItem.Written(MemoryLevel.SharedSram, Purpose.Activations))
                .Aggregate((Int128)0, (s, l) => s + l.Count);
        Assert.Equal(0, Written(alone));
        Assert.Equal((Int128)(4 * Rows * Columns), Written(read));
    }

    /// <summary>Products of one input are one matrix of all their columns, as far as time goes; of two inputs they stay two.</summary>
    [Fact]
    public void ProductsOfOneInput_AreOneKernel()
    {
        Tape Products(bool shares)
        {
            HandTape tape = new(H100.Tiles.Count);
            int x = tape.Region(NumberFormat.BF16, Rows, Columns, Space.Dram);
            for (int i = 0; i < 3; i++)
            {
                int own = shares || i == 0 ? x : tape.Region(NumberFormat.BF16, Rows, Columns, Space.Dram);
                int w = tape.Region(NumberFormat.BF16, 512 << i, Columns, Space.Dram, BufferKind.Constant);
                Kernel(tape, tape.Product(own, w, tape.Region(NumberFormat.F32, Rows, 512 << i, Space.Dram)));
            }
            return tape.Build();
        }
        SoftwareStack fused = Fusing(FusedOperation.Product);
        long gap = Bare.Library!.LaunchGap.ToCycles(H100.Clock).Count;
        Assert.True(Time(Products(true), Bare).Makespan.Count - Time(Products(true), fused).Makespan.Count >= 2 * gap);
        Assert.Equal(Time(Products(false), Bare).Makespan, Time(Products(false), fused).Makespan);
        Assert.Equal(Work(Products(true), Bare).Lines, Work(Products(true), fused).Lines);
    }

    /// <summary>Whatever follows whatever, and whatever is fused: never slower under the order of the other, never more bytes, parts that sum.</summary>
    [Fact]
    public void Fusing_NeverLengthens() =>
        Gen.Select(Gen.Int[0, 6].Array[2, 16], Gen.Enum<FusedOperation>().Array[1, 5], Gen.Int[1, 3])
            .Sample(
                (program, operations, sources) =>
                {
                    HandTape tape = new(H100.Tiles.Count);
                    int[] tensors = [.. Enumerable.Range(0, sources + 1).Select(_ => Tensor(tape, NumberFormat.F32))];
                    for (int i = 0; i < program.Length; i++)
                        Kernel(tape, Instruction(tape, program[i], tensors[i % tensors.Length], tensors[(i + 1) % tensors.Length]));
                    Tape built = tape.Build();
                    SoftwareStack fused = Fusing(operations);
                    Timeline plain = Time(built, Bare);
                    Timeline less = HandTape.Time(built, H100, new() { Software = fused, Order = plain.Order });
                    StepWork before = Work(built, Bare);
                    StepWork after = Work(built, fused);
                    return less.Makespan <= plain.Makespan
                        && less.CriticalPath.Sum(e => e.Cycles.Count) == less.Makespan.Count
                        && after.Multiplies == before.Multiplies
                        && after.Sum(l => l.Item.Kind == WorkKind.Bytes) <= before.Sum(l => l.Item.Kind == WorkKind.Bytes);
                },
                iter: 300
            );

    private static Instruction Instruction(HandTape tape, int kind, int from, int to) =>
        kind switch
        {
            0 => new NormSum
            {
                Source = from,
                Destination = Tensor(tape, NumberFormat.F32, 1),
                Kind = NormSumKind.SumOfSquares,
            },
            1 => new Quantise
            {
                Source = from,
                Destination = Tensor(tape, NumberFormat.Int8Row),
                AbsoluteMaximum = -1,
            },
            2 => new Unary
            {
                Source = from,
                Destination = to,
                Function = UnaryFunction.Silu,
                Parameter = 0,
            },
            3 => new AbsMax { Source = from, Destination = Tensor(tape, NumberFormat.F32, 1) },
            4 => tape.Product(
                from,
                tape.Region(NumberFormat.BF16, 640, Columns, Space.Dram, BufferKind.Constant),
                tape.Region(NumberFormat.F32, Rows, 640, Space.Dram)
            ),
            _ => new Binary
            {
                Left = from,
                Right = to,
                Destination = to,
                Function = kind == 5 ? BinaryFunction.Add : BinaryFunction.SiluMultiply,
            },
        };

    /// <summary>
    /// A layer of the catalog's stacks: with the residual of the layer before, its first norm is in one launch from the second layer on. Ranks
    /// side by side take as long as rank 0 for all.
    /// </summary>
    [Theory]
    [InlineData("trtllm-h100", 7)]
    [InlineData("vllm-h100", 11)]
    public void LayersOfAModel_AreTheKernelsOfTheStack(string name, int launches)
    {
        using Model model = ModelSource.Open("llama-3.1-70b");
        Tape tape = Compilation
            .Compile(
                model,
                new()
                {
                    Chip = H100,
                    Chips = 2,
                    Parallelism = TensorParallelism.Reduce,
                    Format = "int8-g128/int8-g128",
                    MaxSequences = 4,
                    MaxTokensPerStep = 64,
                    ContextLength = 1024,
                    Weights = false,
                }
            )
            .Tape;
        SoftwareStack stack = SoftwareStack.Load(name);
        Step step = Predictor.StepShape(4, 1, 500, true);
        Timeline fused = Timeline.Of(tape, H100, step, new() { Software = stack });
        Timeline plain = Timeline.Of(tape, H100, step, new() { Software = stack with { Fusions = [] } });
        int[] perLayer =
        [
            .. fused
                .Entries.Where(e => e.Instruction is Launch && e.Done > e.Start && e.Layer >= 0)
                .GroupBy(e => e.Layer)
                .OrderBy(g => g.Key)
                .Select(g => g.Count()),
        ];
        Assert.Equal(80, perLayer.Length);
        Assert.Equal(launches + 1, perLayer[0]);
        Assert.All(perLayer[1..], count => Assert.Equal(launches, count));
        Assert.InRange((double)fused.Makespan.Count / plain.Makespan.Count, 0.4, 0.9);
        Timeline ranks = Timeline.Of(tape, H100, step, new() { Software = stack, ExpandsRanks = true });
        Assert.Equal(fused.Makespan, ranks.Makespan);
    }
}
