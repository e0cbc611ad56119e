using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>What the chip would do, for people and as JSON, with the conditions of every figure.</summary>
public static class PredictionReport
{
    /// <summary>Prints the prediction under one heading that states its conditions.</summary>
    public static void Print(
        TextWriter output,
        ChipDescription chip,
        CompilationOptions options,
        Model model,
        Tape tape,
        Prediction prediction
    )
    {
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"predicted ({chip.Name} × {options.Chips}, {model.Name}, {options.FormatName}, batch {prediction.Batch}, prompt {prediction.PromptTokens}, output {prediction.OutputTokens}, {options.MaxTokensPerStep} tokens a step)"
            )
        );
        output.WriteLine(
            prediction.Options.Software is { } software
                ? $"  the chip and its host link, without the host's own work; its kernels follow '{software.Name}', whose errors by family against measured kernels are in docs/validation.md; whole steps were not measured"
                : "  the chip and its host link, without the host's own work; not validated against hardware"
        );
        if (model.Configuration.Experts > 0)
            output.WriteLine(
                $"  tokens over experts: {prediction.Options.Experts}; the weights of experts with tokens are read, those of others are not"
            );
        Row(
            output,
            "time to first token",
            $"{Seconds(prediction.TimeToFirstToken.TotalSeconds)}",
            $"last step limited by {prediction.PrefillStepTime.Limiter}"
        );
        Row(
            output,
            "decode",
            $"{prediction.TokensPerSecond.ToString("#,0.#", CultureInfo.InvariantCulture)} tokens/s",
            $"last step limited by {prediction.DecodeStepTime.Limiter}"
        );
        foreach ((string phase, Step shape) in Phases(prediction))
        {
            if (ExpertSpread.Of(tape, shape, prediction.Options.Experts) is { } spread)
                Row(
                    output,
                    $"experts, {phase}",
                    string.Create(CultureInfo.InvariantCulture, $"{spread.Mean:0.###} tokens each"),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"at most {spread.Maximum}, imbalance {spread.Imbalance:0.##} (busiest of a layer over its mean), {100 * spread.Active:0.#} % have tokens"
                    )
                );
        }
    }

    private static (string Name, Step Shape)[] Phases(Prediction prediction) =>
        [("prefill", prediction.PrefillShape), ("decode", prediction.DecodeShape)];

    /// <summary>The prediction as the object that <c>--json</c> prints; figures that are not modelled are null.</summary>
    public static JsonObject Json(ChipDescription chip, CompilationOptions options, Model model, Tape tape, Prediction prediction) =>
        new()
        {
            ["model"] = new JsonObject
            {
                ["name"] = model.Name,
                ["architecture"] = model.Configuration.Architecture,
                ["parameters"] = model.Parameters,
                ["hash"] = model.Hash,
            },
            ["format"] = options.FormatName,
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
                ["prefill"] = Part(prediction.Prefill.TotalSeconds, prediction.PrefillTokensPerSecond, prediction.PrefillStepTime),
                ["decode"] = Part(prediction.DecodeStep.TotalSeconds, prediction.TokensPerSecond, prediction.DecodeStepTime),
                ["timeToFirstTokenSeconds"] = prediction.TimeToFirstToken.TotalSeconds,
                ["tokensPerSecond"] = prediction.TokensPerSecond,
                ["joulesPerToken"] = null,
                ["areaSquareMillimetres"] = chip.Die is null ? null : chip.Die.Area.TotalSquareMillimetres * chip.Die.Count * options.Chips,
                ["dollarsPerMillionTokens"] = null,
                ["limiter"] = prediction.DecodeStepTime.Limiter.ToString(),
                ["experts"] = Experts(tape, prediction),
            },
        };

    /// <summary>How tokens of the last steps spread over experts; null for a model without.</summary>
    private static JsonObject? Experts(Tape tape, Prediction prediction)
    {
        JsonObject result = new() { ["distribution"] = prediction.Options.Experts.ToString() };
        foreach ((string phase, Step shape) in Phases(prediction))
        {
            if (ExpertSpread.Of(tape, shape, prediction.Options.Experts) is not { } spread)
                return null;
            result[phase] = new JsonObject
            {
                ["meanTokens"] = spread.Mean,
                ["maximumTokens"] = spread.Maximum,
                ["imbalance"] = spread.Imbalance,
                ["activeShare"] = spread.Active,
            };
        }
        return result;
    }

    /// <summary>A phase: the time of all its steps (decode: the mean step), and what its last step was made of.</summary>
    private static JsonObject Part(double seconds, double tokensPerSecond, StepTime last) =>
        new()
        {
            ["seconds"] = seconds,
            ["tokensPerSecond"] = tokensPerSecond,
            ["limiter"] = last.Limiter.ToString(),
            ["lastStep"] = new JsonObject
            {
                ["cycles"] = last.Cycles.Count,
                ["seconds"] = last.Duration.TotalSeconds,
                ["instructions"] = last.Instructions,
                ["memoryBytes"] = last.MemoryBytes.Count,
            },
        };

    /// <summary>A line of a table: name, value, remark.</summary>
    public static void Row(TextWriter output, string name, string value, string remark) =>
        output.WriteLine($"  {name, -20} {value, -24} {remark}".TrimEnd());

    /// <summary>A duration in the unit that reads best.</summary>
    public static string Seconds(double seconds) =>
        seconds switch
        {
            < 1e-3 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0.##} us"),
            < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.##} ms"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.##} s"),
        };
}
