using System.Diagnostics;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine;
using Tapeout.Machine.Fast;
using Tapeout.Models;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Cli;

/// <summary>Measures rows of <c>tapeout bench</c>: each on a machine of its own, with a probe of the computer before and after each run.</summary>
/// <param name="model">The model; one with weights, of a file or drawn.</param>
/// <param name="options">What it is compiled with.</param>
/// <param name="choice">The machine.</param>
/// <param name="depth">Positions already in the cache when decoding begins.</param>
/// <param name="repetitions">Runs of a row.</param>
internal sealed class BenchRun(Model model, CompilationOptions options, MachineOption.Choice choice, int depth, int repetitions)
{
    /// <summary>Called with what is done, before it is.</summary>
    public Action<string> Begins { get; init; } = _ => { };

    /// <summary>A prompt of some tokens, in as few steps as the chip has room for.</summary>
    public BenchRow Prefill(int tokens)
    {
        using IMachine machine = Open($"pp{tokens}", 1, tokens, tokens);
        // In as many steps as the chip needs: a step has room for what its activations leave.
        int chunk = machine.Tape.Envelope.Tokens;
        Step[] steps =
        [
            .. Enumerable.Range(0, (tokens + chunk - 1) / chunk).Select(i => StepOf(1, i * chunk, Math.Min(chunk, tokens - i * chunk))),
        ];
        return Measure($"pp{tokens}", machine, 1, tokens, steps, steps);
    }

    /// <summary>Some tokens, one after another, of a batch of sequences.</summary>
    public BenchRow Decode(int tokens, int batch)
    {
        string at = depth > 0 ? $"@d{depth}" : "";
        string test = $"tg{tokens}{at}";
        using IMachine machine = Open(test, batch, Math.Min(256, Math.Max(depth, batch)), depth + tokens);
        int chunk = machine.Tape.Envelope.Tokens / batch;
        for (int done = 0; done < depth; done += chunk)
            machine.Execute(StepOf(batch, done, Math.Min(chunk, depth - done)));
        Step[] steps = [.. Enumerable.Range(0, tokens).Select(made => StepOf(batch, depth + made, 1))];
        return Measure(test, machine, batch, tokens * batch, steps, steps[..1]);
    }

    private BenchRow Measure(string test, IMachine machine, int batch, int tokens, Step[] steps, Step[] warmUp)
    {
        Begins($"measuring {test}");
        using HostProbe probe = new(machine.Threads);
        probe.Settle();
        Execute(warmUp);
        BenchRow.Run[] runs = new BenchRow.Run[repetitions];
        (double Read, double? Operations) before = Probe();
        for (int run = 0; run < runs.Length; run++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            Execute(steps);
            double seconds = watch.Elapsed.TotalSeconds;
            (double Read, double? Operations) after = Probe();
            double? operations = before.Operations is { } first && after.Operations is { } second ? Math.Max(first, second) : null;
            runs[run] = new(seconds, Math.Max(before.Read, after.Read), operations);
            before = after;
        }
        StepDemand demand = StepDemand.Of(machine.Tape, steps);
        WeightCacheUse cache = machine is FastMachine fast ? fast.CacheUse : WeightCacheUse.None;
        return new(test, batch, machine.Threads, tokens, steps.Length, steps.Max(step => step.Tokens.Length), demand, runs, cache);

        (double, double?) Probe() => (probe.ReadBytesPerSecond(), probe.OperationsPerSecond());

        void Execute(Step[] all)
        {
            foreach (Step step in all)
                machine.Execute(step);
        }
    }

    private IMachine Open(string test, int batch, int tokens, int context)
    {
        CompilationOptions wanted = options with
        {
            MaxSequences = batch,
            MaxTokensPerStep = tokens,
            ContextLength = Math.Max(options.ContextLength, context),
        };
        CompilationResult compiled = Compilation.CompileLargestStep(model, ref wanted);
        Begins($"packing weights for {test}");
        return choice.Open(compiled, _ => { });
    }

    /// <summary>Each sequence goes on by some tokens; the last one's logits are asked for.</summary>
    private static Step StepOf(int batch, int context, int tokens)
    {
        List<SequenceRow> sequences = [];
        List<TokenRow> rows = [];
        List<LogitRow> logits = [];
        int pages = (context + tokens + Envelope.PageSize - 1) / Envelope.PageSize;
        for (int s = 0; s < batch; s++)
        {
            // Pages are numbered for the longest context of the run, so that a sequence keeps its own.
            sequences.Add(new(rows.Count, tokens, context, [.. Enumerable.Range(0, pages).Select(p => p * batch + s)]));
            for (int t = 0; t < tokens; t++)
                rows.Add(new(1 + (context + t) % 255, context + t, s));
            logits.Add(new(rows.Count - 1, Sampler.Greedy));
        }
        return new()
        {
            Sequences = [.. sequences],
            Tokens = [.. rows],
            LogitRows = [.. logits],
        };
    }
}
