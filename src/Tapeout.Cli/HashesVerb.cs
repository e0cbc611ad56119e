using System.Collections.Immutable;
using System.CommandLine;
using System.Runtime.Intrinsics;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Machine;
using Tapeout.Machine.Vectors;
using Tapeout.Models;
using Tapeout.Numerics.Kernels.Emitted;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>
/// <c>tapeout hashes</c>: one SHA-256 of all logits per model and format, made over and over in other batches, chunks, threads and machines, which may
/// not change it.
/// </summary>
internal static class HashesVerb
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        Option<string[]> models = Several("--model", "-m", "A .gguf file or a name of the catalog", ModelSource.EmbeddedDefault);
        Option<string[]> formats = Several("--format", "-f", "Quantisations", [.. QuantisationFormats.Names]);
        Option<string[]> machines = Several("--machine", null, "fast, reference, or both in lock-step", "fast");
        Option<int[]> batches = Several("--batch", "-b", "Sequences at once", 1);
        Option<int[]> chunks = Several("--chunk", null, "Most tokens of a step", 64);
        Option<int[]> threads = Several("--threads", null, "Threads of the fast machine, 0 for one a processor", 0);
        Option<string> chip = new("--chip")
        {
            Description = "A chip of the catalog or a .yaml file.",
            DefaultValueFactory = _ => EvaluationRun.AnyFormat,
        };
        Option<string[]> set = CommonOptions.SetOption();
        Option<string?> kv = new("--kv-format") { Description = "KV cache: f32, f16, bf16, int8, int4, or a format such as int4-g64-min." };
        Argument<string?> prompt = new("prompt") { Description = "The text of the run.", DefaultValueFactory = _ => null };
        Option<FileInfo?> prompts = new("--prompts")
        {
            Description = "Several prompts, one hash over all: one a line, or JSON as an array of strings.",
        };
        Option<int> promptTokens = new("--prompt-tokens")
        {
            Description = "Without a prompt: so many tokens from all over the vocabulary.",
            DefaultValueFactory = _ => 32,
        };
        Option<int> made = new("--max-tokens", "-n") { Description = "Tokens made behind the prompt.", DefaultValueFactory = _ => 8 };
        Option<Variation> vary = new("--vary")
        {
            Description =
                "all: every combination of machine, threads, batch and chunk; one: the first of each, then each other value alone with the first of the rest.",
            DefaultValueFactory = _ => Variation.All,
        };
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Command command = new(
            "hashes",
            "Prints one SHA-256 of all logits per model and format, which no batch, chunk, thread or machine changes."
        )
        {
            prompt,
            prompts,
            promptTokens,
            made,
            models,
            formats,
            kv,
            batches,
            chunks,
            threads,
            machines,
            vary,
            chip,
            set,
            json,
        };
        command.SetAction(parsed =>
        {
            Refusals refusals = new();
            string? text = parsed.GetValue(prompt);
            IReadOnlyList<string>? texts =
                parsed.GetValue(prompts) is { } file ? refusals.Try(() => PromptFile.Read(file))
                : text is null ? null
                : [text];
            if (text is not null && parsed.GetValue(prompts) is not null)
                refusals.Add("A prompt and --prompts are given: leave out one of them.");
            int tokens = refusals.Try(() => CommonOptions.Count("--prompt-tokens", parsed.GetValue(promptTokens), 1));
            int most = refusals.Try(() => CommonOptions.Count("--max-tokens", parsed.GetValue(made), 1));
            string[] kinds = refusals.Try(() => Machines(parsed.GetValue(machines)!)) ?? [];
            int[] teams = refusals.Try(() => Counts("--threads", parsed.GetValue(threads)!, 0)) ?? [];
            int[] sizes = refusals.Try(() => Counts("--batch", parsed.GetValue(batches)!, 1)) ?? [];
            int[] steps = refusals.Try(() => Counts("--chunk", parsed.GetValue(chunks)!, 1)) ?? [];
            string[] names = [.. parsed.GetValue(formats)!.SelectMany(text => text.Split(','))];
            foreach (string format in names)
                refusals.Try(() => QuantisationFormats.Find(format, parsed.GetValue(kv)));
            ChipDescription? description = refusals.Try(() => ChipReader.Load(parsed.GetValue(chip)!, parsed.GetValue(set)));
            refusals.Throw();
            ImmutableArray<Setting> settings =
            [
                .. from kind in kinds from team in teams from size in sizes from step in steps select new Setting(kind, team, size, step),
            ];
            if (parsed.GetValue(vary) == Variation.One)
                settings = [.. settings.Where(setting => setting.Changes(settings[0]) <= 1)];
            Sweep sweep = new(texts, tokens, most, settings);
            bool asJson = parsed.GetValue(json);
            using ProgressLine progress = new(errors);
            List<Row> rows = [];
            foreach (string source in parsed.GetValue(models)!)
            {
                using Model model = ModelSource.Open(source);
                foreach (string format in names)
                {
                    CompilationOptions options = new()
                    {
                        Chip = description!,
                        Format = format,
                        KvFormat = parsed.GetValue(kv),
                    };
                    rows.Add(Hash(model, options, sweep, progress));
                    if (asJson)
                        continue;
                    // Above the first row, not before there is one: what is refused prints nothing here.
                    if (rows.Count == 1)
                        output.WriteLine(
                            $"SHA-256 of all logits; vectors of {VectorBits} bits{(MachineCode.IsAvailable ? " and machine code" : "")} on this computer"
                        );
                    Print(output, rows[^1]);
                }
            }
            if (asJson)
                JsonOutput.Write(output, Json(rows));
            return rows.All(row => row.Differences.Count == 0) ? 0 : 1;
        });
        return command;
    }

    /// <summary>Bits of the widest vectors that the fast machine's kernels may use here; 0 where vectors are emulated.</summary>
    private static int VectorBits =>
        Vector512.IsHardwareAccelerated ? 512
        : Vector256.IsHardwareAccelerated ? 256
        : Vector128.IsHardwareAccelerated ? 128
        : 0;

    private enum Variation
    {
        All,
        One,
    }

    private sealed record Setting(string Machine, int Threads, int Batch, int Chunk)
    {
        /// <summary>In how many of the four this is another setting.</summary>
        public int Changes(Setting other) =>
            (Machine == other.Machine ? 0 : 1)
            + (Threads == other.Threads ? 0 : 1)
            + (Batch == other.Batch ? 0 : 1)
            + (Chunk == other.Chunk ? 0 : 1);

        public override string ToString() =>
            $"{Machine} machine, {(Threads == 0 ? "a thread a processor" : $"threads {Threads}")}, batch {Batch}, chunk {Chunk}";
    }

    private sealed record Sweep(IReadOnlyList<string>? Texts, int PromptTokens, int MaxTokens, ImmutableArray<Setting> Settings);

    private sealed record Row(string Model, string Format, string Sha256, int Positions, int Runs, IReadOnlyList<string> Differences);

    private static Row Hash(Model model, CompilationOptions options, Sweep sweep, ProgressLine progress)
    {
        ImmutableArray<ImmutableArray<int>> prompts = Prompts(model, sweep);
        int step = sweep.Settings.Max(s => Math.Max(s.Chunk, s.Batch));
        options = options with
        {
            MaxSequences = sweep.Settings.Max(s => s.Batch),
            MaxTokensPerStep = step,
            MaxLogitRows = step,
            ContextLength = prompts.Max(p => p.Length) + sweep.MaxTokens,
        };
        progress.Start($"compiling {model.Name} in {options.FormatName}");
        CompilationResult compiled = Compilation.Compile(model, options);
        if (compiled.Constants is null)
            throw new InvalidInputException($"'{model.Name}' is a shape without weights and has no logits: give a .gguf file.");
        LogitSum? first = null;
        List<string> differences = [];
        int runs = 0;
        foreach (IGrouping<(string, int), Setting> group in sweep.Settings.GroupBy(s => (s.Machine, s.Threads)))
        {
            using IMachine machine = Open(compiled, group.Key);
            foreach (Setting setting in group)
            {
                progress.Start($"{model.Name} in {options.FormatName}: {setting}");
                LogitSum sum = LogitSum.Of(machine, prompts, sweep.MaxTokens, setting.Batch, setting.Chunk);
                runs++;
                first ??= sum;
                if (sum.Sha256 != first.Sha256)
                    differences.Add($"{sum.Sha256} with {setting}");
                else if (sum.Difference.Length > 0)
                    differences.Add($"{sum.Difference}, with {setting}");
            }
        }
        progress.Finish();
        return new(model.Name, options.FormatName, first!.Sha256, first.Positions, runs, differences);
    }

    private static IMachine Open(CompilationResult compiled, (string Machine, int Threads) choice) =>
        new MachineOption.Choice(Enum.Parse<MachineOption.MachineKind>(choice.Machine, ignoreCase: true), choice.Threads).Open(
            compiled,
            _ => { }
        );

    /// <summary>The texts' tokens, or a walk through the vocabulary that comes to every one of its tokens before it repeats.</summary>
    private static ImmutableArray<ImmutableArray<int>> Prompts(Model model, Sweep sweep)
    {
        if (sweep.Texts is { } texts)
            return [.. texts.Select(text => model.RequireTokenizer().Encode(text, true, true).ToImmutableArray())];
        int vocabulary = model.Configuration.Vocabulary;
        int stride = vocabulary * 5 / 8 | 1;
        while (Gcd(stride, vocabulary) != 1)
            stride += 2;
        return
        [
            [.. Enumerable.Range(1, sweep.PromptTokens).Select(i => (int)((long)i * stride % vocabulary))],
        ];
    }

    private static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);

    private static string[] Machines(string[] names)
    {
        string[] wanted = [.. names.SelectMany(name => name.Split(','))];
        string[] wrong = [.. wanted.Except(["fast", "reference", "both"])];
        return wrong.Length == 0
            ? wanted
            : throw new InvalidInputException(
                $"--machine is '{wrong[0]}', but must be fast, reference or both, or several of them, comma between."
            );
    }

    private static int[] Counts(string option, int[] values, int least) => [.. values.Select(v => CommonOptions.Count(option, v, least))];

    private static void Print(TextWriter output, Row row)
    {
        output.WriteLine($"{row.Sha256}  {row.Model}  {row.Format}  {row.Positions} positions, {row.Runs} runs");
        foreach (string difference in row.Differences)
            output.WriteLine($"  differs: {difference}");
    }

    private static JsonObject Json(List<Row> rows) =>
        new()
        {
            ["hashes"] = new JsonArray([
                .. rows.Select(row => new JsonObject
                {
                    ["model"] = row.Model,
                    ["format"] = row.Format,
                    ["sha256"] = row.Sha256,
                    ["positions"] = row.Positions,
                    ["runs"] = row.Runs,
                    ["differences"] = new JsonArray([.. row.Differences.Select(d => (JsonNode)d)]),
                }),
            ]),
            ["host"] = new JsonObject
            {
                ["vectorBits"] = VectorBits,
                ["machineCode"] = MachineCode.IsAvailable,
                ["processors"] = Environment.ProcessorCount,
            },
        };

    private static Option<T[]> Several<T>(string name, string? alias, string description, params T[] standard)
    {
        string[] aliases = alias is null ? [] : [alias];
        return new(name, aliases)
        {
            Description = $"{description}; several for several runs.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => standard,
        };
    }
}
