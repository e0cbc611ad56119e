using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Models;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary><c>tapeout bench</c>: how fast this computer executes a tape, as a table.</summary>
internal static class BenchVerb
{
    /// <summary>What the weights of a shape are drawn from.</summary>
    private const ulong Seed = 0;

    public static Command Create(TextWriter output, TextWriter errors)
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
        MachineOption machine = new(severalThreads: true);
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
            ChipDescription chip = common.LoadChip(parsed);
            using Model model = common.OpenModel(parsed);
            CompilationOptions options = common.Compilation(parsed, chip);
            using ProgressLine progress = new(errors);
            using Model measured = model.IsShapeOnly ? RandomModel(model, options, progress) : model;
            MachineOption.Choice[] choices = machine.ReadAll(parsed);
            int held = CommonOptions.Count("--depth", parsed.GetValue(depth), 0);
            int repeated = CommonOptions.Count("--repetitions", parsed.GetValue(repetitions), 1);
            int[] prefills = All(prompts, 0);
            int[] decodes = All(generated, 0);
            int[] together = All(batches, 1);
            bool asJson = parsed.GetValue(json);
            string weights = measured.RandomSeed is { } seed ? $"random weights, seed {seed}" : "weights of the file";
            List<BenchRow> rows = [];
            if (!asJson)
            {
                output.WriteLine(
                    $"host (this computer, {choices[0].Name}; {measured.Name}, {weights}, in {options.FormatName} for {options.Chip.Name})"
                );
                output.WriteLine(BenchRow.Headings);
            }
            foreach (MachineOption.Choice choice in choices)
            {
                BenchRun run = new(measured, options, choice, held, repeated) { Begins = progress.Start };
                foreach (int tokens in prefills.Where(t => t > 0))
                    Add(run.Prefill(tokens));
                foreach (int batch in together)
                {
                    foreach (int tokens in decodes.Where(t => t > 0))
                        Add(run.Decode(tokens, batch));
                }
            }
            if (asJson)
            {
                JsonOutput.Write(
                    output,
                    new JsonObject
                    {
                        ["model"] = measured.Name,
                        ["weights"] = measured.RandomSeed is null ? "file" : "random",
                        ["weightSeed"] = measured.RandomSeed,
                        ["format"] = options.FormatName,
                        ["chip"] = options.Chip.Name,
                        ["machine"] = choices[0].Name,
                        ["rows"] = new JsonArray([.. rows.Select(row => row.Json)]),
                    }
                );
            }
            else
            {
                output.WriteLine(
                    "  a step: most tokens of a step; spread: half of fastest less slowest run. GB/s: weights, keys and values of a step, each once; GOPS: two"
                );
                output.WriteLine(
                    "  for each weight and token. probe: a plain read of memory (median pass) and dot products in registers, just before or after each run."
                );
            }
            return 0;

            int[] All(Option<int[]> option, int least) =>
                [.. parsed.GetValue(option)!.Select(v => CommonOptions.Count(option.Name, v, least))];

            void Add(BenchRow row)
            {
                progress.Finish();
                rows.Add(row);
                if (!asJson)
                    output.WriteLine(row.Text);
            }
        });
        return command;
    }

    /// <summary>The shape with weights drawn from <see cref="Seed"/>; says how far it is.</summary>
    private static Model RandomModel(Model shape, CompilationOptions options, ProgressLine progress)
    {
        long total = shape.Parameters;
        NumberFormat format = QuantisationFormats.Find(options.Format, options.KvFormat).Weight ?? NumberFormat.Int4Group(32);
        double needed = total * format.BitsPerElement(shape.Configuration.Hidden) / 8;
        double there = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > there)
            throw new InvalidInputException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The weights of '{shape.Name}' in {options.FormatName} take {needed / 1e9:0.#} GB, but this computer has {there / 1e9:0.#} GB of memory: choose a smaller model or format."
                )
            );
        long drawn = 0;
        return shape.WithRandomWeights(
            Seed,
            count =>
            {
                long sum = Interlocked.Add(ref drawn, count);
                // The model is packed once for every row of the table.
                progress.Advance((sum - 1) % total / (double)total);
            }
        );
    }

    private static Option<int[]> Numbers(string name, string alias, string description, int standard) =>
        new(name, alias)
        {
            Description = description,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [standard],
        };
}
