using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Timing;

namespace Tapeout.Cli;

/// <summary>What the chip would do, for people and as JSON, with the conditions of every figure.</summary>
internal static class PredictionReport
{
    public static void Print(TextWriter output, ChipDescription chip, CompilationOptions options, Model model, Prediction prediction)
    {
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"predicted ({chip.Name} × {options.Chips}, {model.Name}, {options.Format}, batch {prediction.Batch}, prompt {prediction.PromptTokens}, output {prediction.OutputTokens}; chip time without the host's)"
            )
        );
        Row(
            output,
            "time to first token",
            $"{Seconds(prediction.TimeToFirstToken.TotalSeconds)}",
            $"limited by {prediction.PrefillStepTime.Limiter}"
        );
        Row(
            output,
            "decode",
            $"{prediction.TokensPerSecond.ToString("#,0.#", CultureInfo.InvariantCulture)} tokens/s",
            $"limited by {prediction.DecodeStepTime.Limiter}"
        );
    }

    public static JsonObject Json(ChipDescription chip, CompilationOptions options, Model model, Tape tape, Prediction prediction) =>
        new()
        {
            ["model"] = new JsonObject
            {
                ["name"] = model.Name,
                ["architecture"] = model.Configuration.Architecture,
                ["parameters"] = model.Parameters,
                ["hash"] = tape.ModelHash,
            },
            ["format"] = options.Format,
            ["chip"] = chip.Name,
            ["system"] = new JsonObject
            {
                ["name"] = options.Chips == 1 ? chip.Name : $"{options.Chips}×{chip.Name}",
                ["chips"] = options.Chips,
            },
            ["program"] = new JsonObject
            {
                ["hash"] = TapeFile.Hash(tape),
                ["instructions"] = tape.Roles.Sum(r => r.Instructions.Length),
                ["bytes"] = TapeFile.Write(tape).Length,
            },
            ["predicted"] = new JsonObject
            {
                ["prefill"] = Part(prediction.PrefillStepTime, prediction.PrefillTokensPerSecond),
                ["decode"] = Part(prediction.DecodeStepTime, prediction.TokensPerSecond),
                ["timeToFirstTokenSeconds"] = prediction.TimeToFirstToken.TotalSeconds,
                ["tokensPerSecond"] = prediction.TokensPerSecond,
                ["joulesPerToken"] = null,
                ["areaSquareMillimetres"] = chip.Die is null ? null : chip.Die.Area.TotalSquareMillimetres * chip.Die.Count * options.Chips,
                ["dollarsPerMillionTokens"] = null,
                ["limiter"] = prediction.DecodeStepTime.Limiter.ToString(),
            },
        };

    private static JsonObject Part(StepTime time, double tokensPerSecond) =>
        new()
        {
            ["cycles"] = time.Cycles.Count,
            ["seconds"] = time.Duration.TotalSeconds,
            ["tokensPerSecond"] = tokensPerSecond,
            ["instructions"] = time.Instructions,
            ["memoryBytes"] = time.MemoryBytes.Count,
            ["limiter"] = time.Limiter.ToString(),
        };

    public static void Row(TextWriter output, string name, string value, string remark) =>
        output.WriteLine($"  {name, -20} {value, -24} {remark}".TrimEnd());

    public static string Seconds(double seconds) =>
        seconds switch
        {
            < 1e-3 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0.##} us"),
            < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.##} ms"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.##} s"),
        };
}
