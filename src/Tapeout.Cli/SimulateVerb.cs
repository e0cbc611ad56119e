using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Models;
using Tapeout.Reports;
using Tapeout.Timing;

namespace Tapeout.Cli;

/// <summary><c>tapeout simulate</c>: compiles the shape only and times it.</summary>
internal static class SimulateVerb
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create(TextWriter output)
    {
        CommonOptions common = new();
        Option<int> promptTokens = new("--prompt-tokens") { Description = "Tokens of each prompt.", DefaultValueFactory = _ => 128 };
        Option<int> maxTokens = new("--max-tokens", "-n") { Description = "Tokens made for each prompt.", DefaultValueFactory = _ => 128 };
        Option<int> batch = new("--batch", "-b") { Description = "Sequences at once.", DefaultValueFactory = _ => 1 };
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Option<bool> details = new("--details")
        {
            Description = "Prints where the time of a step goes, and what more of each resource would buy.",
        };
        Option<FileInfo?> csv = new("--csv") { Description = "Writes every instruction of the last decode step to this file." };
        Option<FileInfo?> trace = new("--trace")
        {
            Description = "Writes the last decode step for Perfetto or Chrome's trace viewer to this file.",
        };
        Command command = new("simulate", "Times a model on a chip; no weights are needed.")
        {
            promptTokens,
            maxTokens,
            batch,
            json,
            details,
            csv,
            trace,
        };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            Stopwatch watch = Stopwatch.StartNew();
            int prompt = CommonOptions.Count("--prompt-tokens", parsed.GetValue(promptTokens), 1);
            int made = CommonOptions.Count("--max-tokens", parsed.GetValue(maxTokens), 1);
            int sequences = CommonOptions.Count("--batch", parsed.GetValue(batch), 1);
            ChipDescription chip = common.LoadChip(parsed);
            using Model model = common.OpenModel(parsed);
            CompilationOptions options = common.Compilation(parsed, chip) with
            {
                MaxSequences = sequences,
                MaxTokensPerStep = Math.Max(FirstStep(chip, prompt), sequences),
                Weights = false,
            };
            if (options.ContextLength == 0)
                options = options with { ContextLength = Math.Min(model.Configuration.ContextLength, prompt + made) };
            if (prompt + made > options.ContextLength)
                throw new Quantities.InvalidInputException(
                    $"{prompt} prompt tokens and {made} more do not fit a context of {options.ContextLength}: use fewer, or raise --context."
                );
            CompilationResult result = LargestStep(model, ref options);
            Prediction prediction = Predictor.Predict(result.Tape, chip, prompt, made, sequences);
            WriteDecodeStep(parsed.GetValue(csv), parsed.GetValue(trace), result, chip, prediction);
            if (parsed.GetValue(json))
            {
                JsonObject root = PredictionReport.Json(chip, options, model, result.Tape, prediction);
                if (parsed.GetValue(details))
                {
                    root["details"] = new JsonObject
                    {
                        ["prefill"] = StepReport.Json(result.Tape, prediction.PrefillStepTime),
                        ["decode"] = StepReport.Json(result.Tape, prediction.DecodeStepTime),
                    };
                }
                root["host"] = new JsonObject { ["seconds"] = watch.Elapsed.TotalSeconds };
                output.WriteLine(root.ToJsonString(Indented));
                return 0;
            }
            PredictionReport.Print(output, chip, options, model, prediction);
            if (parsed.GetValue(details))
                StepReport.Print(output, result.Tape, chip, prediction);
            CompilationReport report = result.Report;
            output.WriteLine("placement (per chip; SRAM per tile)");
            PredictionReport.Row(
                output,
                "SRAM",
                $"{report.SramBytesPerTile / 1048576.0:#,0.##} MiB",
                $"{report.ResidentTensors} weight tensors resident"
            );
            PredictionReport.Row(
                output,
                "memory",
                $"{report.DramBytesPerChip / 1048576.0:#,0.##} MiB",
                $"{report.StreamedTensors} weight tensors streamed"
            );
            PredictionReport.Row(output, "KV cache", $"{report.KvBytes / 1048576.0:#,0.##} MiB", "");
            output.WriteLine($"host: {PredictionReport.Seconds(watch.Elapsed.TotalSeconds)}");
            return 0;
        });
        return command;
    }

    private static void WriteDecodeStep(
        FileInfo? csv,
        FileInfo? trace,
        CompilationResult result,
        ChipDescription chip,
        Prediction prediction
    )
    {
        using NewFile? table = NewFile.Open(csv);
        using NewFile? slices = NewFile.Open(trace);
        if (table is null && slices is null)
            return;
        Timeline timeline = Timeline.Of(result.Tape, chip, prediction.DecodeShape, prediction.Options);
        if (table is not null)
        {
            using StringWriter text = new();
            StepReport.Csv(text, result.Tape, timeline);
            table.Write(Encoding.UTF8.GetBytes(text.ToString()));
            table.Commit();
        }
        if (slices is not null)
        {
            using MemoryStream stream = new();
            TraceWriter.Write(stream, result.Tape, chip, timeline);
            slices.Write(stream.ToArray());
            slices.Commit();
        }
    }

    /// <summary>
    /// Tokens of the largest step that is tried: 64 where activations live in SRAM; a whole prompt up to 8,192 where they live in memory, as
    /// software for such chips does.
    /// </summary>
    private static int FirstStep(ChipDescription chip, int prompt)
    {
        int tokens = 64;
        while (chip.Execution.Style == ExecutionStyle.Dynamic && tokens < prompt && tokens < 8192)
            tokens *= 2;
        return tokens;
    }

    /// <summary>Compiles for the largest number of tokens a step whose activations fit, halved from the first guess down to the batch.</summary>
    private static CompilationResult LargestStep(Model model, ref CompilationOptions options)
    {
        while (true)
        {
            try
            {
                return Compilation.Compile(model, options);
            }
            catch (Quantities.InvalidInputException) when (options.MaxTokensPerStep / 2 >= options.MaxSequences)
            {
                options = options with { MaxTokensPerStep = options.MaxTokensPerStep / 2 };
            }
        }
    }
}
