using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Reference;
using Tapeout.Machine.Sessions;
using Tapeout.Models;
using Tapeout.Testing;

namespace Tapeout.Machine.Tests;

/// <summary>No instruction of a compiled tape is left to the scalar definition.</summary>
public class KernelCoverageTests
{
    private const string Stories = "stories260k";

    [Theory]
    [InlineData(Stories, "reference", "int8", "", 1, TensorParallelism.Gather)]
    [InlineData(Stories, "reference", "native", "", 1, TensorParallelism.Gather)]
    [InlineData(Stories, "reference", "f16", "tiles=2x3", 2, TensorParallelism.Reduce)]
    [InlineData(Stories, "ideal", "int8", "tiles=1x7", 1, TensorParallelism.Gather)]
    [InlineData(Stories, "ideal", "int8", "tiles=4x4 sram.capacity=256KiB", 1, TensorParallelism.Gather)]
    [InlineData(Stories, "ideal", "int4-g32-min", "tiles=2x2", 2, TensorParallelism.Reduce)]
    [InlineData(Stories, "ideal", "int8", "tiles=2x2", 4, TensorParallelism.Reduce)]
    [InlineData(Stories, "ideal", "ternary", "tiles=2x2", 3, TensorParallelism.Gather)]
    [InlineData(Stories, "taalas-hc1-like", "ternary", "", 1, TensorParallelism.Gather)]
    [InlineData(Stories, "groq-lpu-v1", "int8", "", 3, TensorParallelism.Gather)]
    [InlineData(Stories, "groq-lpu-v1", "int8-g32", "", 1, TensorParallelism.Gather)]
    [InlineData(Stories, "groq-lpu-v1", "f16", "", 1, TensorParallelism.Gather)]
    [InlineData(Stories, "nvidia-h100-sxm", "f16", "", 2, TensorParallelism.Reduce)]
    [InlineData(Stories, "nvidia-h100-sxm", "int8", "", 2, TensorParallelism.Reduce)]
    [InlineData("models/conformance/llama-256/model.Q4_K_M.gguf", "reference", "int8", "", 2, TensorParallelism.Reduce)]
    [InlineData("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf", "reference", "native", "", 2, TensorParallelism.Reduce)]
    [InlineData("models/conformance/mixtral/model.gguf", "reference", "int8", "", 1, TensorParallelism.Gather)]
    [InlineData("models/conformance/mixtral/model.gguf", "reference", "native", "tiles=2x2", 2, TensorParallelism.Reduce)]
    [InlineData("models/conformance/mistral/model.gguf", "reference", "native", "", 1, TensorParallelism.Gather)]
    public void CompiledTape_EveryInstruction_HasAKernel(
        string file,
        string chip,
        string format,
        string set,
        int chips,
        TensorParallelism parallelism
    )
    {
        using Model model = ModelSource.Open(file == Stories ? file : SharedData.PathOf(file));
        foreach (int candidates in (int[])[1, 0])
        {
            CompilationResult compiled = Compilation.Compile(
                model,
                new()
                {
                    Chip = ChipReader.Load(chip, set.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
                    Format = format,
                    Chips = chips,
                    Parallelism = parallelism,
                    MaxTokensPerStep = 8,
                    MaxSequences = 2,
                    ContextLength = 128,
                    Candidates = candidates,
                }
            );
            Role[] roles = [.. compiled.Tape.Roles.Select(r => TileMerger.Merge(r, compiled.Tape.Envelope.Bounds)?.Role ?? r)];
            using FastKernels kernels = new(compiled.Constants!, 2);
            Witness witness = new(kernels);
            using ReferenceMachine machine = new(compiled.Tape with { Roles = [.. roles] }, compiled.Constants!, witness);
            Session session = new(machine);
            foreach (float temperature in (float[])[0, candidates == 1 ? 0 : 0.8f])
            {
                session.Add(
                    new()
                    {
                        Prompt = [1, 5, 9],
                        MaxTokens = 3,
                        IgnoreEndOfText = true,
                        Sampler = new(temperature, 0, 0.9f, 7, 1),
                    }
                );
            }
            Assert.NotEmpty(session.Run(TestContext.Current.CancellationToken));
            Assert.True(witness.Left.Count == 0, $"left to the definition: {string.Join(", ", witness.Left.Order())}");
        }
    }

    private sealed class Witness(IKernels kernels) : IKernels
    {
        /// <summary>What no kernel took.</summary>
        public HashSet<string> Left { get; } = [];

        public void Prepare(Tape tape, RoleMemory memory) => kernels.Prepare(tape, memory);

        public bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point)
        {
            if (kernels.TryExecute(machine, memory, point))
                return true;
            Instruction instruction = point.Instance.Instruction;
            Left.Add($"{instruction.Definition.Mnemonic} of a role of {point.Role.Tiles} tiles {(instruction as MatMul)?.Result}");
            return false;
        }
    }
}
