using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Models.Graphs;
using Tapeout.Numerics;

namespace Tapeout.Compiler.Tests;

/// <summary>Each stage's verifier accepts what the compiler makes and names what is wrong with a planted fault.</summary>
public sealed class StageVerifierTests
{
    private static readonly StepSizes Bounds = new(64, 1, 1);

    public static TheoryData<string, string, int, TensorParallelism> Compilations =>
        new()
        {
            { "stories260k", "ideal", 1, TensorParallelism.Gather },
            { "stories260k", "ideal", 3, TensorParallelism.Gather },
            { "stories260k", "groq-lpu-v1", 1, TensorParallelism.Gather },
            { "stories260k", "nvidia-h100-sxm", 2, TensorParallelism.Reduce },
            { "mixtral-8x7b", "nvidia-h100-sxm", 2, TensorParallelism.Gather },
            { "llama-3.1-8b", "groq-lpu-v1", 64, TensorParallelism.Gather },
        };

    [Theory]
    [MemberData(nameof(Compilations))]
    public void Compiled_BreaksNoPromise(string name, string chip, int chips, TensorParallelism parallelism)
    {
        (ModelGraph graph, QuantisedModel quantised, Tape tape) = Compile(name, chip, chips, parallelism);
        Role role = tape.Roles[0];
        Assert.Empty(PartitionVerifier.Verify(graph, quantised.FormatOf, role.Buffers, role.Ranks, role.Tiles, Bounds));
        Assert.Empty(TileVerifier.Verify(role, Bounds));
        Assert.Empty(ScheduleVerifier.Verify(role, role));
    }

    [Fact]
    public void Partition_WeightHeldNowhere()
    {
        (ModelGraph graph, QuantisedModel quantised, Tape tape) = Compile("stories260k", "ideal", 1, TensorParallelism.Gather);
        TapeBuffer[] buffers = [.. tape.Roles[0].Buffers.Where(b => !b.Tensor.Contains("ffn_up", StringComparison.Ordinal))];
        string problem = PartitionVerifier.Verify(graph, quantised.FormatOf, buffers, 1, tape.Roles[0].Tiles, Bounds)[0];
        Assert.Equal("tensor 'blk.0.ffn_up.weight' is held nowhere", problem);
    }

    [Fact]
    public void Partition_TilesHoldOnlyAPart()
    {
        (ModelGraph graph, QuantisedModel quantised, Tape tape) = Compile("stories260k", "ideal", 2, TensorParallelism.Gather);
        Role role = tape.Roles[0];
        IReadOnlyList<string> problems = PartitionVerifier.Verify(graph, quantised.FormatOf, role.Buffers, 1, role.Tiles, Bounds);
        Assert.Contains(problems, p => p.Contains("hold only a part", StringComparison.Ordinal));
    }

    [Fact]
    public void Partition_WrongFormat()
    {
        (ModelGraph graph, _, Tape tape) = Compile("stories260k", "ideal", 1, TensorParallelism.Gather);
        Role role = tape.Roles[0];
        IReadOnlyList<string> problems = PartitionVerifier.Verify(graph, _ => NumberFormat.F16, role.Buffers, 1, role.Tiles, Bounds);
        Assert.Contains(problems, p => p.EndsWith("but it is quantised to f16", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, "channels")]
    [InlineData(false, "K")]
    public void Tile_PartsLeaveAHole(bool channels, string what)
    {
        (_, _, Tape tape) = Compile("stories260k", "ideal", 1, TensorParallelism.Gather);
        Role role = tape.Roles[0];
        MatMul product = role.Instructions.OfType<MatMul>().First();
        int wrong = channels ? product.Y : product.X;
        Descriptor[] descriptors = [.. role.Descriptors];
        // Parts of a loop's iteration where there is no such loop: the first part alone is multiplied.
        descriptors[wrong] = descriptors[wrong] with
        {
            Columns = new Axis(descriptors[wrong].Columns.Total) { LoopStep = 8, LoopLevel = 3 },
        };
        IReadOnlyList<string> problems = TileVerifier.Verify(role with { Descriptors = [.. descriptors] }, Bounds);
        Assert.Contains(problems, p => p.Contains(what, StringComparison.Ordinal) && p.Contains("once", StringComparison.Ordinal));
    }

    [Fact]
    public void Schedule_DroppedAndChangedInstructions()
    {
        (_, _, Tape tape) = Compile("stories260k", "ideal", 1, TensorParallelism.Gather);
        Role role = tape.Roles[0];
        Role shorter = role with { Instructions = role.Instructions.RemoveAt(role.Instructions.Length - 2) };
        Assert.Contains("were to be scheduled", ScheduleVerifier.Verify(role, shorter)[0], StringComparison.Ordinal);
        int at = role.Instructions.IndexOf(role.Instructions.OfType<MatMul>().First());
        MatMul changed = (MatMul)role.Instructions[at] with { PlanLength = 1 };
        Assert.Contains(
            "but was",
            ScheduleVerifier.Verify(role, role with { Instructions = role.Instructions.SetItem(at, changed) })[0],
            StringComparison.Ordinal
        );
    }

    private static (ModelGraph, QuantisedModel, Tape) Compile(string name, string chip, int chips, TensorParallelism parallelism)
    {
        using Model model = ModelSource.Open(name);
        CompilationOptions options = new()
        {
            Chip = ChipReader.Load(chip),
            Chips = chips,
            Parallelism = parallelism,
            Weights = false,
            ContextLength = 256,
        };
        ModelGraph graph = model.BuildGraph();
        return (graph, new(model, graph, QuantisationFormats.Find(options.Format, null), []), Compilation.Compile(model, options).Tape);
    }
}
