using System.CommandLine;
using System.Text.Json.Nodes;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Quantities;
using Tapeout.Reports;

namespace Tapeout.Cli;

/// <summary><c>tapeout compile</c>: writes a tape, or the text of a stage.</summary>
internal static class CompileVerb
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        CommonOptions common = new();
        Option<FileInfo?> file = new("--output", "-o") { Description = "The tape's file." };
        Option<string?> dump = new("--dump") { Description = $"Prints a stage: {string.Join(", ", Compilation.Stages)}." };
        Option<int> batch = new("--batch", "-b") { Description = "Most sequences in one step.", DefaultValueFactory = _ => 1 };
        Option<int?> step = new("--step-tokens") { Description = "Most tokens in one step; without it the most up to 64 that fit." };
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Command command = new("compile", "Compiles a model to a chip's tape.") { file, dump, batch, step, json };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            string? stage = parsed.GetValue(dump);
            Refusals refusals = new();
            refusals.Try(() => Stage(stage, parsed.GetValue(json)));
            int sequences = refusals.Try(() => CommonOptions.Count("--batch", parsed.GetValue(batch), 1));
            int tokens = refusals.Try(() => CommonOptions.Count("--step-tokens", parsed.GetValue(step) ?? 64, 1));
            (Model model, CompilationOptions options) = common.Read(parsed, refusals);
            using (model)
            {
                using NewFile? target = NewFile.Open(parsed.GetValue(file));
                using ProgressLine progress = new(errors);
                options = options with
                {
                    Weights = false,
                    MaxSequences = sequences,
                    MaxTokensPerStep = Math.Max(tokens, sequences),
                    Progress = progress.Start,
                };
                CompilationResult result = parsed.GetValue(step) is null
                    ? Compilation.CompileLargestStep(model, ref options)
                    : Compilation.Compile(model, options);
                progress.Finish();
                byte[] bytes = TapeFile.Write(result.Tape);
                target?.Write(bytes);
                target?.Commit();
                foreach (string note in CommonOptions.Notes(model, options, result))
                    errors.WriteLine($"note: {note}");
                if (stage is not null)
                    output.Write(result.Dumps[stage]());
                else if (parsed.GetValue(json))
                    JsonOutput.Write(output, Json(model, options, result, bytes.Length));
                else
                    Print(output, model, options, result, bytes.Length);
                return 0;
            }
        });
        return command;
    }

    private static string? Stage(string? stage, bool asJson)
    {
        if (stage is not null && !Compilation.Stages.Contains(stage))
        {
            throw new InvalidInputException(
                $"'{stage}' is not a stage{Sentence.DidYouMean(stage, Compilation.Stages)}: use {Sentence.Alternatives(Compilation.Stages)}."
            );
        }
        return stage is null || !asJson ? stage : throw new InvalidInputException("--dump prints text: leave out --json.");
    }

    private static void Print(TextWriter output, Model model, CompilationOptions options, CompilationResult result, int bytes)
    {
        Tape tape = result.Tape;
        Envelope e = tape.Envelope;
        CompilationReport report = result.Report;
        output.WriteLine(
            $"{model.Name} in {tape.Format} for {options.Chips} × {options.Chip.Name}, steps of up to {e.Sequences} sequences, {e.Tokens} tokens and {e.Context} positions"
        );
        PredictionReport.Row(
            output,
            "program",
            $"{tape.Roles.Sum(r => r.Instructions.Length)} instructions",
            $"{bytes:#,0} bytes, {TapeFile.Hash(tape)}"
        );
        PredictionReport.Row(output, "SRAM", $"{report.SramBytesPerTile:#,0} bytes", $"of a tile; {report.ResidentTensors} weight tensors");
        PredictionReport.Row(
            output,
            "memory",
            $"{report.DramBytesPerChip:#,0} bytes",
            $"of a chip; {report.StreamedTensors} weight tensors streamed"
        );
        if (report.RomBytesPerChip > 0)
            PredictionReport.Row(output, "ROM", $"{report.RomBytesPerChip:#,0} bytes", "of a chip");
        PredictionReport.Row(output, "KV cache", $"{report.KvBytes:#,0} bytes", "");
    }

    private static JsonObject Json(Model model, CompilationOptions options, CompilationResult result, int bytes)
    {
        Tape tape = result.Tape;
        Envelope e = tape.Envelope;
        CompilationReport report = result.Report;
        return new()
        {
            ["model"] = new JsonObject
            {
                ["name"] = model.Name,
                ["architecture"] = model.Configuration.Architecture,
                ["parameters"] = model.Parameters,
                ["quantisedHash"] = tape.ModelHash,
            },
            ["format"] = tape.Format,
            ["chip"] = options.Chip.Name,
            ["system"] = new JsonObject
            {
                ["name"] = options.Chips == 1 ? options.Chip.Name : $"{options.Chips}×{options.Chip.Name}",
                ["chips"] = options.Chips,
            },
            ["program"] = new JsonObject
            {
                ["hash"] = TapeFile.Hash(tape),
                ["instructions"] = tape.Roles.Sum(r => r.Instructions.Length),
                ["bytes"] = bytes,
            },
            ["envelope"] = new JsonObject
            {
                ["sequences"] = e.Sequences,
                ["tokens"] = e.Tokens,
                ["context"] = e.Context,
                ["pages"] = e.Pages,
                ["logitRows"] = e.LogitRows,
            },
            ["placement"] = new JsonObject
            {
                ["sramBytesPerTile"] = report.SramBytesPerTile,
                ["memoryBytesPerChip"] = report.DramBytesPerChip,
                ["romBytesPerChip"] = report.RomBytesPerChip,
                ["kvCacheBytes"] = report.KvBytes,
                ["residentTensors"] = report.ResidentTensors,
                ["streamedTensors"] = report.StreamedTensors,
            },
            ["notes"] = new JsonArray([.. CommonOptions.Notes(model, options, result).Select(n => (JsonNode)n)]),
        };
    }
}
