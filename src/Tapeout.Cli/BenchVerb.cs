using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine;
using Tapeout.Models;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary><c>tapeout bench</c>: how fast this computer executes a tape, as a table.</summary>
internal static class BenchVerb
{
    public static Command Create(TextWriter output)
    {
        CommonOptions common = new();
        Option<int[]> prompts = Numbers("--prompt-tokens", "-p", "Tokens of a prefill; several for several rows.", 512);
        Option<int[]> generated = Numbers("--gen-tokens", "-n", "Tokens decoded; several for several rows.", 128);
        Option<int[]> batches = Numbers("--batch", "-b", "Sequences decoded together; several for several rows.", 1);
        Option<int> depth = new("--depth", "-d")
        {
            Description = "Positions already in the cache when decoding begins.",
            DefaultValueFactory = _ => 0,
        };
        Option<int> repetitions = new("--repetitions", "-r") { Description = "Runs of each row.", DefaultValueFactory = _ => 3 };
        MachineOption machine = new();
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Command command = new("bench", "Measures how fast this computer executes a model's tape.")
        {
            prompts,
            generated,
            batches,
            depth,
            repetitions,
            json,
        };
        machine.AddTo(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            int[] All(Option<int[]> option, int least) =>
                [.. parsed.GetValue(option)!.Select(v => CommonOptions.Count(option.Name, v, least))];
            ChipDescription chip = common.LoadChip(parsed);
            using Model model = common.OpenModel(parsed);
            if (model.IsShapeOnly)
                throw new InvalidInputException(
                    $"'{model.Name}' is a shape without weights: give a .gguf file, or use 'simulate' for what the chip would do."
                );
            Setting setting = new(
                model,
                common.Compilation(parsed, chip),
                machine.Read(parsed),
                CommonOptions.Count("--depth", parsed.GetValue(depth), 0),
                CommonOptions.Count("--repetitions", parsed.GetValue(repetitions), 1)
            );
            List<Row> rows = [];
            if (!parsed.GetValue(json))
            {
                output.WriteLine(
                    $"host (this computer, {setting.Machine.Name}; {model.Name} in {setting.Options.FormatName} for {chip.Name})"
                );
                output.WriteLine($"  {"test", -16} {"batch", 5} {"threads", 7} {"tokens/s", 12} {"spread", 10}");
            }
            foreach (int tokens in All(prompts, 0).Where(t => t > 0))
                Add(Prefill(setting, tokens));
            foreach (int batch in All(batches, 1))
            {
                foreach (int tokens in All(generated, 0).Where(t => t > 0))
                    Add(Decode(setting, tokens, batch));
            }
            if (parsed.GetValue(json))
                output.WriteLine(Json(setting, rows).ToJsonString(new() { WriteIndented = true }));
            return 0;

            void Add(Row row)
            {
                rows.Add(row);
                if (!parsed.GetValue(json))
                    output.WriteLine(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"  {row.Test, -16} {row.Batch, 5} {row.Threads, 7} {row.Median, 12:#,0.0} {row.Spread, 9:0.0} %"
                        )
                    );
            }
        });
        return command;
    }

    private sealed record Setting(Model Model, CompilationOptions Options, MachineOption.Choice Machine, int Depth, int Repetitions);

    /// <param name="Test">What was done: pp for prompt processing, tg for text generation, as llama-bench names them.</param>
    /// <param name="Batch">Sequences at once.</param>
    /// <param name="Threads">Threads.</param>
    /// <param name="Rates">Tokens per second of each run.</param>
    private sealed record Row(string Test, int Batch, int Threads, double[] Rates)
    {
        public double Median => Rates.Order().ElementAt(Rates.Length / 2);

        /// <summary>Half of the distance between the fastest and the slowest run, in percent of the median.</summary>
        public double Spread => (Rates.Max() - Rates.Min()) / 2 / Median * 100;
    }

    private static Row Prefill(Setting setting, int tokens)
    {
        using IMachine machine = Machine(setting, 1, tokens, tokens);
        double[] rates = new double[setting.Repetitions];
        // In as many steps as the chip needs: a step has room for what its activations leave.
        int chunk = machine.Tape.Envelope.Tokens;
        Step[] steps =
        [
            .. Enumerable.Range(0, (tokens + chunk - 1) / chunk).Select(i => StepOf(1, i * chunk, Math.Min(chunk, tokens - i * chunk))),
        ];
        Execute();
        for (int run = 0; run < rates.Length; run++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            Execute();
            rates[run] = tokens / watch.Elapsed.TotalSeconds;
        }
        return new($"pp{tokens}", 1, machine.Threads, rates);

        void Execute()
        {
            foreach (Step step in steps)
                machine.Execute(step);
        }
    }

    private static Row Decode(Setting setting, int tokens, int batch)
    {
        using IMachine machine = Machine(setting, batch, Math.Min(256, Math.Max(setting.Depth, batch)), setting.Depth + tokens);
        int chunk = machine.Tape.Envelope.Tokens / batch;
        for (int done = 0; done < setting.Depth; done += chunk)
            machine.Execute(StepOf(batch, done, Math.Min(chunk, setting.Depth - done)));
        double[] rates = new double[setting.Repetitions];
        machine.Execute(StepOf(batch, setting.Depth, 1));
        for (int run = 0; run < rates.Length; run++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            for (int made = 0; made < tokens; made++)
                machine.Execute(StepOf(batch, setting.Depth + made, 1));
            rates[run] = tokens * batch / watch.Elapsed.TotalSeconds;
        }
        string at = setting.Depth > 0 ? $"@d{setting.Depth}" : "";
        return new($"tg{tokens}{at}", batch, machine.Threads, rates);
    }

    private static IMachine Machine(Setting setting, int batch, int tokens, int context)
    {
        CompilationOptions options = setting.Options with
        {
            MaxSequences = batch,
            MaxTokensPerStep = tokens,
            ContextLength = Math.Max(setting.Options.ContextLength, context),
        };
        return setting.Machine.Open(Compilation.CompileLargestStep(setting.Model, ref options), _ => { });
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

    private static JsonObject Json(Setting setting, List<Row> rows) =>
        new()
        {
            ["model"] = setting.Model.Name,
            ["format"] = setting.Options.FormatName,
            ["chip"] = setting.Options.Chip.Name,
            ["machine"] = setting.Machine.Name,
            ["rows"] = new JsonArray([
                .. rows.Select(row => new JsonObject
                {
                    ["test"] = row.Test,
                    ["batch"] = row.Batch,
                    ["threads"] = row.Threads,
                    ["tokensPerSecond"] = row.Median,
                    ["runs"] = new JsonArray([.. row.Rates.Select(r => (JsonNode)r)]),
                }),
            ]),
        };

    private static Option<int[]> Numbers(string name, string alias, string description, int standard) =>
        new(name, alias)
        {
            Description = description,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [standard],
        };
}
