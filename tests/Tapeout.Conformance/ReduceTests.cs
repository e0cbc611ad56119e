using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Testing;

namespace Tapeout.Conformance;

/// <summary>Chips that add partial sums along nodes of the plan, or whole integers, give the bits of one chip.</summary>
public sealed class ReduceTests
{
    [Theory]
    [InlineData("models/conformance/llama-256/model.Q4_K_M.gguf", "int8", ReduceOperation.SumIntegers, 2, 2)]
    [InlineData("models/conformance/llama-256/model.Q4_K_M.gguf", "int8", ReduceOperation.SumIntegers, 4, 1)]
    [InlineData("models/conformance/llama-256/model.Q4_K_M.gguf", "ternary", ReduceOperation.SumIntegers, 4, 1)]
    [InlineData("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf", "native", ReduceOperation.SumNodes, 2, 1)]
    [InlineData("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf", "native", ReduceOperation.SumNodes, 4, 1)]
    public void Reduced_EqualsOneChip(string file, string format, ReduceOperation operation, int chips, int leastSums)
    {
        using Model model = ModelSource.Open(SharedData.PathOf(file));
        int[] prompt = [5, 100, 7, 42];
        Runner.Setting one = new() { Format = format, MaxTokens = 4 };
        Runner.Setting many = one with { Chips = chips, Parallelism = TensorParallelism.Reduce };
        Tape tape = Runner.Compile(model, many).Tape;
        int sums = tape.Roles[0].Instructions.OfType<Reduce>().Count(r => r.Operation == operation && r.Group == Group.Ranks);
        Assert.True(sums >= leastSums, $"{sums} sums over {chips} chips");
        Assert.Equal(
            Runner.Hash(Runner.Run(model, one, [prompt], 0).Logits[0]),
            Runner.Hash(Runner.Run(model, many, [prompt], 0).Logits[0])
        );
    }
}
