using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>Joules are charged for the operations that took the time.</summary>
public sealed class MultiplicationTests
{
    private const int M = 4096;
    private const int N = 8192;
    private const int K = 8192;
    private static readonly ChipDescription H100 = ChipReader.Load("nvidia-h100-sxm");
    private static readonly TimingOptions Library = new() { Software = SoftwareStack.Load("trtllm-h100") };
    private static readonly Step Step = Predictor.StepShape(1, 1, 0, false);

    private static Tape Product(NumberFormat weights, NumberFormat activations)
    {
        HandTape tape = new(H100.Tiles.Count);
        tape.Add(
            tape.Product(
                tape.Region(activations, M, K, Space.Dram),
                tape.Region(weights, N, K, Space.Dram, BufferKind.Constant),
                tape.Region(NumberFormat.F32, M, N, Space.Dram)
            )
        );
        return tape.Build();
    }

    private static NumberFormat Format(string name)
    {
        Assert.True(NumberFormat.TryParse(name, out NumberFormat format), name);
        return format;
    }

    private static StepWork Work(NumberFormat weights, NumberFormat activations, TimingOptions? options) =>
        StepWork.Of(Product(weights, activations), H100, Step, options);

    /// <summary>Of a product that fills the chip, the pair that energy counts is the pair whose rate the time shows.</summary>
    [Theory]
    [InlineData("bf16", "f32")]
    [InlineData("bf16", "bf16")]
    [InlineData("f16", "f32")]
    [InlineData("int8-row", "int8-row")]
    [InlineData("int4-g32", "bf16")]
    [InlineData("int4-g32", "int8-row")]
    public void OfALibrary_TheRateIsThatOfTheCountedPair(string weights, string activations)
    {
        (NumberFormat w, NumberFormat x) = (Format(weights), Format(activations));
        StepWork work = Work(w, x, Library);
        WorkItem pair = Assert.Single(
            work.Lines.Where(l => l.Item.Kind == WorkKind.Multiply && l.Count == (Int128)M * N * K).Select(l => l.Item)
        );
        long rate = H100.Matrix.MacsFor(pair.Weights, pair.Activations)!.Value.Count;
        long cycles = HandTape.Time(Product(w, x), H100, Library).Makespan.Count;
        // Rates of pairs differ by two at least.
        double least = (double)M * N * K / rate / H100.Tiles.Count;
        Assert.InRange(cycles, least, 1.7 * least);
    }

    [Fact]
    public void OfALibrary_HalfWeightsTakeTheJoulesOfHalfActivations()
    {
        StepWork tapes = Work(NumberFormat.BF16, NumberFormat.F32, Library);
        StepWork half = Work(NumberFormat.BF16, NumberFormat.BF16, Library);
        bool OnTheDie(WorkLine line) => line.Item.Level != MemoryLevel.Dram;
        Assert.Equal(half.Lines.Where(OnTheDie).OrderBy(l => $"{l.Item}"), tapes.Lines.Where(OnTheDie).OrderBy(l => $"{l.Item}"));
        EnergyModel model = new(H100, new(H100.Technology), AreaModel.Of(H100, new(H100.Technology)));
        decimal Compute(StepWork work) =>
            work
                .Lines.Where(l => EnergyModel.PartOf(l.Item) == EnergyPart.Compute)
                .Sum(l => (decimal)l.Count * model.Of(l.Item).Sum(c => c.Figure.Value.Typical));
        // A multiply-add of float32 switches several times the transistors of bfloat16's.
        decimal alone = Compute(Work(NumberFormat.BF16, NumberFormat.F32, null));
        Assert.True(alone > 2 * Compute(tapes), $"{alone / Compute(tapes)}");
    }

    [Fact]
    public void OfALibrary_WeightsAreExpandedForEachRowOfBlocks()
    {
        StepWork work = Work(Format("int4-g32"), NumberFormat.BF16, Library);
        // One operation a weight, and one for scales of groups.
        Int128 expected = (Int128)N * K * (Library.Software!.Library!.ExpansionOperations + 1) * (M / H100.Execution.BlockTile!.Value.M);
        Assert.Equal(expected, work.Of(WorkItem.Operation(WorkKind.Dequantise)));
        Assert.Equal((Int128)M * N * K, work.Of(WorkItem.Multiply(ElementType.BF16, ElementType.BF16)));
    }

    [Fact]
    public void WithoutALibrary_TheVectorUnitExpandsOnce()
    {
        StepWork work = Work(Format("int4-g32"), NumberFormat.BF16, null);
        // The tape does not divide the product: every tile does all of it.
        Assert.Equal((Int128)H100.Tiles.Count * N * K, work.Of(WorkItem.Operation(WorkKind.Dequantise)));
        Assert.Equal((Int128)H100.Tiles.Count * M * N * K, work.Of(WorkItem.Multiply(ElementType.F32, ElementType.F32)));
    }

    [Theory]
    [InlineData("f16", ElementType.BF16)]
    [InlineData("int8", ElementType.I8)]
    public void Attention_OfALibraryMultipliesWhatItsCacheHas(string cache, ElementType expected)
    {
        using Model model = ModelSource.Open("llama-3.1-8b");
        Tape tape = WorkTests.Compile(model, H100, "bf16", 1, cache);
        Step step = Predictor.StepShape(1, 16, 0, false);
        ModelConfiguration c = model.Configuration;
        Int128 visible = 16 * 17 / 2;
        Int128 products = StepWork
            .Of(tape, H100, step, Library)
            .Sum(l => tape.Roles[0].Instructions[l.ProgramCounter] is Attend && l.Item == WorkItem.Multiply(expected, expected));
        Assert.Equal(2 * visible * c.Heads * c.HeadDimension * c.Layers, products);
    }

    /// <summary>The bill of a model in bfloat16 on a GPU: no product of its layers is charged in float32.</summary>
    [Fact]
    public void Bill_OfABfloatModelHasNoFloat32Products()
    {
        using Model model = ModelSource.Open("llama-3.1-8b");
        Tape tape = WorkTests.Compile(model, H100, "bf16", 1);
        Bill bill = Bill.Of(tape, H100, Predictor.Predict(tape, H100, 100, 8, 4));
        Assert.NotNull(bill.Prediction.Options.Software);
        Assert.DoesNotContain(bill.Decode!.Lines, l => l.Name == $"{WorkItem.Multiply(ElementType.F32, ElementType.F32)}");
        Assert.Contains(bill.Decode!.Lines, l => l.Name == $"{WorkItem.Multiply(ElementType.BF16, ElementType.BF16)}");
    }
}
