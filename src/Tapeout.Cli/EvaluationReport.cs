using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Tapeout.Reports;
using Tapeout.Reports.Evaluation;

namespace Tapeout.Cli;

/// <summary>What <c>tapeout eval</c> says, with the conditions of every figure.</summary>
internal static class EvaluationReport
{
    public static void Print(TextWriter output, EvaluationRun run)
    {
        EvaluationScores scores = run.Scores;
        output.WriteLine(
            $"{run.Model.Name}, {Format(run)}, {run.TextFile}: {scores.Tokens} of {run.TextTokens} tokens scored in {scores.Windows.Count} windows"
        );
        output.WriteLine($"  {run.Text.Convention}{(run.Text.IsFirstReplaced ? ", each begun by the beginning-of-text token" : "")}");
        PredictionReport.Row(
            output,
            "perplexity",
            Number(scores.Perplexity),
            $"± {Number(scores.Perplexity * scores.MeanStandardError)} (one standard error, tokens taken as independent)"
        );
        if (scores.HasBaseline)
        {
            (double ratio, double error) = scores.LogRatio;
            PredictionReport.Row(output, $"{run.Baseline} perplexity", Number(scores.BaselinePerplexity), "");
            PredictionReport.Row(output, "ratio", Number(Math.Exp(ratio)), $"± {Number(Math.Exp(ratio) * error)}");
            PredictionReport.Row(
                output,
                "KL divergence",
                $"{Number(scores.Divergence)} nats",
                $"± {Number(scores.DivergenceStandardError)}; median {Number(scores.DivergenceQuantile(0.5))}, 99 % {Number(scores.DivergenceQuantile(0.99))}, largest {Number(scores.DivergenceQuantile(1))}"
            );
            PredictionReport.Row(output, "same top token", scores.SameTop.ToString("0.00 %", CultureInfo.InvariantCulture), "");
        }
        if (run.Noise.Ratios.Count > 0)
        {
            output.WriteLine($"  signal-to-noise ratio of the residual stream against {run.Baseline}, by layer, in dB");
            foreach ((int layer, double decibels)[] line in run.Noise.Ratios.Chunk(10))
                output.WriteLine(
                    "    " + string.Join("  ", line.Select(l => $"{l.layer}: {l.decibels.ToString("0.0", CultureInfo.InvariantCulture)}"))
                );
        }
        if (run.Host.Tokens > 0)
            output.WriteLine(
                $"host (this computer, {run.Machine.Name}): {PredictionReport.Seconds(run.Host.Seconds)}, {Number(run.Host.Tokens / run.Host.Seconds)} tokens/s{(scores.HasBaseline ? ", on both machines" : "")}"
            );
    }

    public static JsonObject Json(EvaluationRun run)
    {
        EvaluationScores scores = run.Scores;
        JsonObject root = new()
        {
            ["model"] = new JsonObject
            {
                ["name"] = run.Model.Name,
                ["architecture"] = run.Model.Configuration.Architecture,
                ["parameters"] = run.Model.Parameters,
                ["hash"] = run.Model.Hash,
            },
            ["format"] = run.Options.FormatName,
            ["kvFormat"] = run.Options.KvFormat,
            ["text"] = new JsonObject
            {
                ["file"] = run.TextFile,
                ["sha256"] = run.TextHash,
                ["tokens"] = run.TextTokens,
            },
            ["convention"] = run.Text.Convention,
            ["chunk"] = run.Text.WindowLength,
            ["stride"] = run.Text.Stride,
            ["chunks"] = scores.Windows.Count,
            ["firstTokenReplaced"] = run.Text.IsFirstReplaced,
            ["complete"] = scores.Windows.Count == run.Text.Windows.Length,
            ["perplexity"] = scores.Perplexity,
            ["perplexityStandardError"] = scores.Perplexity * scores.MeanStandardError,
            ["tokens"] = scores.Tokens,
            ["meanNegativeLogLikelihood"] = scores.MeanNegativeLogLikelihood,
            ["perChunkMeanNegativeLogLikelihood"] = new JsonArray([
                .. scores.Windows.Select(w => (JsonNode)w.Average(s => s.NegativeLogLikelihood)),
            ]),
        };
        if (scores.HasBaseline)
        {
            (double ratio, double error) = scores.LogRatio;
            root["baseline"] = new JsonObject { ["format"] = run.Baseline, ["perplexity"] = scores.BaselinePerplexity };
            root["perplexityRatio"] = Math.Exp(ratio);
            root["perplexityRatioStandardError"] = Math.Exp(ratio) * error;
            root["klDivergence"] = scores.Divergence;
            root["klDivergenceStandardError"] = scores.DivergenceStandardError;
            root["klDivergenceMedian"] = scores.DivergenceQuantile(0.5);
            root["klDivergence99thPercentile"] = scores.DivergenceQuantile(0.99);
            root["klDivergenceMaximum"] = scores.DivergenceQuantile(1);
            root["sameTopToken"] = scores.SameTop;
        }
        if (run.Noise.Ratios.Count > 0)
        {
            root["layers"] = new JsonArray([
                .. run.Noise.Ratios.Select(l => new JsonObject
                {
                    ["layer"] = l.Layer,
                    ["signalToNoiseDecibels"] = double.IsFinite(l.Decibels) ? l.Decibels : null,
                }),
            ]);
        }
        root["host"] = new JsonObject
        {
            ["seconds"] = run.Host.Seconds,
            ["tokens"] = run.Host.Tokens,
            ["machine"] = run.Machine.Name,
        };
        return root;
    }

    public static void WriteLikelihoods(NewFile target, EvaluationScores scores)
    {
        float[] values = [.. scores.All.Select(s => (float)s.NegativeLogLikelihood)];
        target.Write(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    private static string Format(EvaluationRun run) =>
        run.Options.KvFormat is { } kv ? $"{run.Options.FormatName} with KV {kv}" : run.Options.FormatName;

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
