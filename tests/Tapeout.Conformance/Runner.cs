using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Reference;
using Tapeout.Machine.Sessions;
using Tapeout.Models;

namespace Tapeout.Conformance;

/// <summary>Compiles a model and runs token ids through the reference machine; the logits of every position come back.</summary>
internal static class Runner
{
    public sealed record Setting
    {
        public string Chip { get; init; } = "reference";
        public string[] Set { get; init; } = [];
        public string Format { get; init; } = "f32";
        public string? KvFormat { get; init; }
        public int Chips { get; init; } = 1;
        public TensorParallelism Parallelism { get; init; } = TensorParallelism.Gather;
        public int MaxTokens { get; init; } = 64;
        public int Sequences { get; init; } = 1;
        public int Chunk { get; init; }
        public int? Scatter { get; init; }
        public int? OrderSeed { get; init; }
        public int Context { get; init; } = 128;
        public bool LogitsEverywhere { get; init; } = true;
        public bool Fast { get; init; }
        public int Threads { get; init; } = 2;
    }

    public static CompilationResult Compile(Model model, Setting setting) =>
        Compilation.Compile(
            model,
            new()
            {
                Chip = ChipReader.Load(setting.Chip, setting.Set),
                Format = setting.Format,
                KvFormat = setting.KvFormat,
                Chips = setting.Chips,
                Parallelism = setting.Parallelism,
                MaxTokensPerStep = setting.MaxTokens,
                MaxSequences = setting.Sequences,
                MaxLogitRows = setting.LogitsEverywhere ? setting.MaxTokens : setting.Sequences,
                ContextLength = setting.Context,
            }
        );

    /// <summary>Logits of every position of each prompt, and the tokens that follow greedily.</summary>
    public static (float[][][] Logits, int[][] Tokens) Run(Model model, Setting setting, int[][] prompts, int maxTokens)
    {
        CompilationResult result = Compile(model, setting);
        using IMachine machine = Machine(result, setting);
        Session session = new(machine, new() { ChunkTokens = setting.Chunk, ScatterSeed = setting.Scatter });
        List<float[]>[] logits = [.. prompts.Select(_ => new List<float[]>())];
        List<int>[] tokens = [.. prompts.Select(_ => new List<int>())];
        session.LogitsReady = row => logits[row.Request].Add(row.Values.ToArray());
        foreach (int[] prompt in prompts)
            session.Add(
                new()
                {
                    Prompt = [.. prompt],
                    MaxTokens = maxTokens,
                    IgnoreEndOfText = true,
                    LogitsAtEveryPosition = true,
                }
            );
        foreach (GeneratedToken token in session.Run(TestContext.Current.CancellationToken))
            tokens[token.Request].Add(token.Id);
        return ([.. logits.Select(l => l.ToArray())], [.. tokens.Select(t => t.ToArray())]);
    }

    /// <summary>The tokens that follow a prompt greedily; logits are taken at its end only.</summary>
    public static int[] Generate(Model model, Setting setting, int[] prompt, int maxTokens)
    {
        CompilationResult result = Compile(model, setting with { LogitsEverywhere = false });
        using IMachine machine = Machine(result, setting);
        Session session = new(machine);
        session.Add(
            new()
            {
                Prompt = [.. prompt],
                MaxTokens = maxTokens,
                IgnoreEndOfText = true,
            }
        );
        return [.. session.Run(TestContext.Current.CancellationToken).Select(t => t.Id)];
    }

    private static IMachine Machine(CompilationResult result, Setting setting)
    {
        if (setting.Fast)
            return new FastMachine(result.Tape, result.Constants!, setting.Threads);
        ReferenceMachine machine = new(result.Tape, result.Constants!);
        return setting.OrderSeed is { } seed ? new Shuffled(machine, seed) : machine;
    }

    public static string Hash(float[][] logits)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (float[] row in logits)
            hash.AppendData(MemoryMarshal.AsBytes(row.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A machine that executes every step in a random topological order.</summary>
    private sealed class Shuffled(ReferenceMachine machine, int seed) : IMachine
    {
        public Tape Tape => machine.Tape;

        public StepOutput Output => machine.Output;

        public int Threads => machine.Threads;

        public void Execute(Step step) =>
            machine.Execute(step, (role, instances) => TopologicalOrder.Random(Sequencer.Predecessors(role, instances), seed));

        public void Dispose() => machine.Dispose();
    }
}
