using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

public sealed class WorkTests
{
    public static TheoryData<string, string, string, int> Bindings =>
        new()
        {
            { "llama-3.1-8b", "ideal", "int4", 1 },
            { "llama-3.1-8b", "nvidia-h100-sxm", "int8", 1 },
            { "smollm2-135m", "taalas-hc1-like", "int8", 1 },
            { "smollm2-135m", "reference", "f32", 1 },
            { "mixtral-8x7b", "ideal", "int4", 1 },
            { "llama-3.1-70b", "ideal", "int4", 4 },
        };

    /// <summary>Every weight of every layer meets every token: the multiplies of all matrices, however they are cut.</summary>
    [Theory]
    [InlineData("ideal", "int4", 1)]
    [InlineData("ideal", "int4", 3)]
    [InlineData("reference", "int8", 1)]
    [InlineData("nvidia-h100-sxm", "int8", 1)]
    public void Multiplies_AreThoseOfTheModel(string chipName, string format, int chips)
    {
        ChipDescription chip = Load(chipName);
        using Model model = ModelSource.Open("llama-3.1-8b");
        Tape tape = Compile(model, chip, format, chips);
        ModelConfiguration c = model.Configuration;
        StepWork work = StepWork.Of(tape, chip, Predictor.StepShape(1, 1, 100, true));
        ElementType weight = format == "int4" ? ElementType.I4 : ElementType.I8;
        long layer =
            (long)c.Hidden * c.Heads * c.HeadDimension * 2 + 2L * c.Hidden * c.KeyValueHeads * c.HeadDimension + 3L * c.Hidden * 14336;
        Int128 linear = work.Sum(l =>
            l.Item.Kind == WorkKind.Multiply
            && l.Item.Activations == ElementType.I8
            && tape.Origins[tape.Roles[l.Role].Instructions[l.ProgramCounter].Origin].FirstLayer >= 0
        );
        Assert.Equal((Int128)layer * c.Layers, linear);
        Assert.True(work.Of(WorkItem.Multiply(weight, ElementType.I8)) >= linear);
        Assert.Equal(linear, work.Sum(l => l.Item.Kind == WorkKind.Accumulate && IsOfALayer(tape, l)));
    }

    /// <summary>Bytes of weights from the memory beside the die: each once a decode step, up to bursts.</summary>
    [Fact]
    public void Weights_OfADecodeStepAreReadOnce()
    {
        ChipDescription chip = ChipReader.Load("ideal");
        using Model model = ModelSource.Open("llama-3.1-70b");
        Tape tape = Compile(model, chip, "int4", 1);
        long weights = tape.Roles[0]
            .Buffers.Where(b =>
                b.Kind == BufferKind.Constant && b.Space == Space.Dram && !b.Tensor.Contains("embd", StringComparison.Ordinal)
            )
            .Sum(b => b.Bytes(tape.Envelope.Bounds));
        StepWork work = StepWork.Of(tape, chip, Predictor.StepShape(1, 1, 1000, true));
        Int128 read = work.Of(WorkItem.Read(MemoryLevel.Dram, Purpose.Weights));
        Assert.InRange((double)read, weights * 0.99, weights * 1.05);
    }

    /// <summary>The bytes that take time are those that take energy; a timeline is rank 0, whose part no other rank exceeds.</summary>
    [Theory]
    [MemberData(nameof(Bindings))]
    public void Memory_TimeAndEnergyAgree(string name, string chipName, string format, int chips)
    {
        ChipDescription chip = Load(chipName);
        using Model model = ModelSource.Open(name);
        Tape tape = Compile(model, chip, format, chips);
        foreach (Step step in (Step[])[Predictor.StepShape(2, 1, 700, true), Predictor.StepShape(1, 16, 0, false)])
        {
            Int128 timed = StepTimer.Time(tape, chip, step).MemoryBytes.Count;
            Int128 counted = StepWork.Of(tape, chip, step).Sum(l => l.Item.Kind == WorkKind.Bytes && l.Item.Level == MemoryLevel.Dram);
            if (chips == 1)
                Assert.Equal(counted, timed);
            else
                Assert.InRange((double)counted / chips / (double)timed, 0.98, 1);
        }
    }

    [Theory]
    [MemberData(nameof(Bindings))]
    public void Counts_AreTheSameTwiceAndPositive(string name, string chipName, string format, int chips)
    {
        ChipDescription chip = Load(chipName);
        using Model model = ModelSource.Open(name);
        Tape tape = Compile(model, chip, format, chips);
        Step step = Predictor.StepShape(3, 1, 100, true);
        StepWork first = StepWork.Of(tape, chip, step);
        Assert.Equal(first.Lines, StepWork.Of(tape, chip, step).Lines);
        Assert.All(first.Lines, l => Assert.True(l.Count > 0));
        Assert.True(first.Bytes(MemoryLevel.Host, Purpose.Activations) > 0);
    }

    /// <summary>The KV cache is read once for every position that a sequence holds, and more of everything is never less work.</summary>
    [Fact]
    public void Kv_GrowsByThePositionsHeld()
    {
        ChipDescription chip = ChipReader.Load("ideal");
        using Model model = ModelSource.Open("llama-3.1-8b");
        Tape tape = Compile(model, chip, "int4", 1);
        Int128 At(int context) =>
            StepWork
                .Of(tape, chip, Predictor.StepShape(1, 1, context, true))
                .Sum(l => l.Item.Purpose == Purpose.Kv && l.Item is { Kind: WorkKind.Bytes, Level: MemoryLevel.Dram, IsWrite: false });
        Int128 each = (At(3000) - At(1000)) / 2000;
        Assert.Equal(At(1000) + 1000 * each, At(2000));
        Assert.True(each > 0);
    }

    [Fact]
    public void Batch_TwiceTheSequencesAreTwiceTheMultiplies()
    {
        ChipDescription chip = ChipReader.Load("ideal");
        using Model model = ModelSource.Open("smollm2-135m");
        Tape tape = Compile(model, chip, "int8", 1);
        Int128 one = StepWork.Of(tape, chip, Predictor.StepShape(1, 1, 64, true)).Multiplies;
        Assert.Equal(2 * one, StepWork.Of(tape, chip, Predictor.StepShape(2, 1, 64, true)).Multiplies);
    }

    private static bool IsOfALayer(Tape tape, WorkLine line) =>
        tape.Origins[tape.Roles[line.Role].Instructions[line.ProgramCounter].Origin].FirstLayer >= 0;

    // Without memory beside the die the KV cache of the tests' context needs more SRAM than the chip has.
    internal static ChipDescription Load(string name) =>
        ChipReader.Load(name, name == "taalas-hc1-like" ? ["sram.capacity=256MiB", "power.tdp=2kW", "technology=3nm"] : []);

    internal static Tape Compile(Model model, ChipDescription chip, string format, int chips, string? cache = null) =>
        Compilation
            .Compile(
                model,
                new()
                {
                    Chip = chip,
                    Format = format,
                    KvFormat = cache,
                    Chips = chips,
                    MaxSequences = 4,
                    MaxTokensPerStep = 16,
                    ContextLength = 4096,
                    Weights = false,
                }
            )
            .Tape;
}
