using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine;
using Tapeout.Machine.Reference;
using Tapeout.Machine.Sessions;
using Tapeout.Models;
using Tapeout.Testing;

namespace Tapeout.Conformance;

/// <summary>A mixture of experts: which experts are chosen, and that no other expert's weights are touched.</summary>
public sealed class MixtureTests
{
    [Fact]
    public void Mixtral_ChosenExperts_AreTheGoldenOnes()
    {
        string folder = SharedData.PathOf("models/conformance/mixtral");
        SafetensorsFile golden = new(Path.Combine(folder, "golden.safetensors"));
        using Model model = ModelSource.Open(Path.Combine(folder, "model.gguf"));
        CompilationResult compiled = Runner.Compile(model, new());
        for (int prompt = 0; prompt < 3; prompt++)
        {
            using ReferenceMachine machine = new(compiled.Tape, compiled.Constants!);
            RouteObserver observer = new(machine);
            machine.Observer = observer;
            Prefill(machine, golden.Integers($"prompt{prompt}.ids"));
            Assert.Equal([0, 1], observer.Chosen.Keys.Order());
            foreach ((int layer, int[] found) in observer.Chosen)
            {
                int[] wanted = golden.Integers($"prompt{prompt}.experts.layer{layer}");
                Assert.Equal(wanted.Length, found.Length);
                for (int pair = 0; pair < found.Length; pair += 2)
                    Assert.Equal(wanted[pair..(pair + 2)].Order(), found[pair..(pair + 2)].Order());
            }
        }
    }

    /// <summary>Streamed into SRAM, read in place by a GPU, installed in an array: an expert without tokens is not read.</summary>
    [Theory]
    [InlineData("ideal", "int8", "tiles=2x2 sram.capacity=256KiB")]
    [InlineData("nvidia-h100-sxm", "int8", "")]
    [InlineData("groq-lpu-v1", "int8", "")]
    public void ExpertsWithoutTokens_AreNotRead(string chip, string format, string set)
    {
        string folder = SharedData.PathOf("models/conformance/mixtral");
        using Model model = ModelSource.Open(Path.Combine(folder, "model.gguf"));
        CompilationResult compiled = Runner.Compile(
            model,
            new()
            {
                Chip = chip,
                Format = format,
                Set = set.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                MaxTokens = 4,
            }
        );
        using ReferenceMachine machine = new(compiled.Tape, compiled.Constants!);
        WeightObserver observer = new(compiled.Tape);
        machine.Observer = observer;
        Prefill(machine, [128]);
        Assert.NotEmpty(observer.Read);
        // One token, two of four experts: exactly those two are read, in each layer and for each of the three products.
        foreach (
            IGrouping<(string Tensor, int Layer), (string Tensor, int Layer, int Expert)> tensor in observer.Read.GroupBy(r =>
                (r.Tensor, r.Layer)
            )
        )
            Assert.Equal(2, tensor.Count());
        Assert.Equal(6, observer.Read.Select(r => (r.Tensor, r.Layer)).Distinct().Count());
    }

    private static void Prefill(ReferenceMachine machine, int[] ids)
    {
        Session session = new(machine);
        session.Add(
            new()
            {
                Prompt = [.. ids],
                MaxTokens = 1,
                IgnoreEndOfText = true,
            }
        );
        Assert.Single(session.Run(TestContext.Current.CancellationToken));
    }

    private sealed class RouteObserver(ReferenceMachine machine) : IExecutionObserver
    {
        public Dictionary<int, int[]> Chosen { get; } = [];

        public void Executing(in ExecutionPoint point) { }

        public void Executed(in ExecutionPoint point)
        {
            if (point.Instance.Instruction is Route route)
                Chosen[point.Layer] = machine.ReadIntegers(point, route.Ids);
        }
    }

    /// <summary>Collects the experts whose weights an instruction reads out of a memory that holds constants.</summary>
    private sealed class WeightObserver(Tape tape) : IExecutionObserver
    {
        public HashSet<(string Tensor, int Layer, int Expert)> Read { get; } = [];

        public void Executing(in ExecutionPoint point)
        {
            foreach (int descriptor in point.Instance.Instruction.Reads)
            {
                Descriptor source = point.Role.Descriptors[descriptor];
                TapeBuffer buffer = point.Role.Buffers[source.Buffer];
                if (buffer.Kind != BufferKind.Constant || buffer.Stack1 < 2 || point.Instance.Instruction is Finish)
                    continue;
                if (!Region.Resolve(point.Role, source, tape.Envelope.Bounds, point.Context).IsEmpty)
                    Read.Add((buffer.Tensor, point.Layer, source.Stack1.Evaluate(point.Instance.Loops)));
            }
        }

        public void Executed(in ExecutionPoint point) { }
    }
}
