using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Sessions;
using Tapeout.Models;
using Tapeout.Testing;

namespace Tapeout.Machine.Tests;

/// <summary>Memory that decoding takes from the heap: none by the machine, and by a session what it hands out and keeps of a step.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public class AllocationTests
{
    // A step with its tables, which the session keeps, and the list of tokens that it hands out: 1,063 bytes for one sequence.
    private const long StepBytes = 950;

    private const long SequenceBytes = 150;

    [Theory]
    [InlineData("stories260k", "int8", 1, 1)]
    [InlineData("stories260k", "int8", 2, 1)]
    [InlineData("stories260k", "int8", 2, 3)]
    [InlineData("stories260k", "f16", 1, 3)]
    [InlineData("stories260k", "native", 2, 3)]
    [InlineData("models/conformance/mixtral/model.gguf", "int8", 2, 3)]
    public void Decode_64Tokens_TheMachineAllocatesNothing(string file, string format, int threads, int batch)
    {
        using Model model = ModelSource.Open(file == "stories260k" ? file : SharedData.PathOf(file));
        CompilationResult compiled = Compile(model, format, batch);
        using FastMachine machine = new(compiled.Tape, compiled.Constants!, threads);
        Step[] steps = [.. Enumerable.Range(0, 16 + 64).Select(position => StepAt(position, batch))];
        foreach (Step step in steps)
            machine.Execute(step);
        Step[] measured = steps[16..];
        // Other threads of the test's process may allocate meanwhile: what each token takes is seen in every window.
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5 && least > 0; attempt++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            foreach (Step step in measured)
                machine.Execute(step);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Assert.Equal(0, least);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(2, 3)]
    public void Decode_64TokensOfASession_OnlyWhatItHandsOutAndKeeps(int threads, int batch)
    {
        using Model model = ModelSource.Open("stories260k");
        CompilationResult compiled = Compile(model, "int8", batch);
        using FastMachine machine = new(compiled.Tape, compiled.Constants!, threads);
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 3; attempt++)
        {
            Session session = new(machine);
            for (int request = 0; request < batch; request++)
            {
                session.Add(
                    new()
                    {
                        Prompt = [1, 5, 9],
                        MaxTokens = 16 + 64,
                        IgnoreEndOfText = true,
                    }
                );
            }
            for (int step = 0; step < 16; step++)
                session.Advance();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int step = 0; step < 63; step++)
                Assert.Equal(batch, session.Advance().Count);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Assert.InRange(least / 63, 1, StepBytes + SequenceBytes * batch);
    }

    private static CompilationResult Compile(Model model, string format, int batch) =>
        Compilation.Compile(
            model,
            new()
            {
                Chip = ChipReader.Load("reference"),
                Format = format,
                MaxSequences = batch,
                MaxTokensPerStep = 8,
                ContextLength = 128,
            }
        );

    private static Step StepAt(int position, int batch) =>
        new()
        {
            Sequences = [.. Enumerable.Range(0, batch).Select(s => new SequenceRow(s, 1, position, [2 * s, 2 * s + 1]))],
            Tokens = [.. Enumerable.Range(0, batch).Select(s => new TokenRow(1 + position % 200 + s, position, s))],
            LogitRows = [.. Enumerable.Range(0, batch).Select(s => new LogitRow(s, Sampler.Greedy))],
        };
}
