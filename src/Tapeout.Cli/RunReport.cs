using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Reports;
using Tapeout.Timing;

namespace Tapeout.Cli;

/// <summary>What <c>tapeout run</c> says after the text: what the chip would take, and what this computer took.</summary>
internal static class RunReport
{
    public static void Print(TextWriter output, PromptRun run)
    {
        Bill bill = Predict(run);
        PredictionReport.Print(output, run.Compiled.Chip, run.Compiled, run.Model, run.Tape, bill.Prediction);
        if (bill.JoulesPerToken is { } joules)
            PredictionReport.Row(output, "energy", BillReport.Text(joules, "J/token"), "while decoding, into the card");
        if (bill.DollarsPerMillionTokens is { } dollars)
            PredictionReport.Row(
                output,
                "money",
                BillReport.Text(dollars.Value, "USD"),
                "for a million tokens; 'tapeout simulate' has the whole bill"
            );
        output.WriteLine($"host (this computer, {run.Machine.Name}, {run.Threads} threads)");
        PredictionReport.Row(
            output,
            "decode",
            $"{DecodeRate(run).ToString("#,0.#", CultureInfo.InvariantCulture)} tokens/s",
            $"{run.OutputIds.Count} tokens, {PredictionReport.Seconds(run.HostSeconds.All)} in all"
        );
    }

    public static JsonObject Json(PromptRun run)
    {
        Bill bill = Predict(run);
        JsonObject root = PredictionReport.Json(run.Compiled.Chip, run.Compiled, run.Model, run.Tape, bill.Prediction);
        BillReport.AddTo(root, bill);
        root["predicted"]!["mostConcurrentSequences"] = ConcurrencyReport.Json(run.Tape, run.Compiled.Chip);
        root["prompt"] = new JsonObject { ["text"] = run.Request.Prompt, ["tokenIds"] = JsonOutput.Numbers(run.PromptIds) };
        root["output"] = new JsonObject
        {
            ["text"] = run.OutputText,
            ["tokenIds"] = JsonOutput.Numbers(run.OutputIds),
            ["finishReason"] = run.FinishReason,
        };
        root["host"] = new JsonObject
        {
            ["seconds"] = run.HostSeconds.All,
            ["prefillTokensPerSecond"] = run.HostSeconds.Prefill > 0 ? run.PromptIds.Length / run.HostSeconds.Prefill : 0,
            ["decodeTokensPerSecond"] = DecodeRate(run),
            ["threads"] = run.Threads,
            ["peakMemoryBytes"] = Process.GetCurrentProcess().PeakWorkingSet64,
        };
        return root;
    }

    private static Bill Predict(PromptRun run) =>
        Bill.Of(
            run.Tape,
            run.Compiled.Chip,
            Predictor.Predict(run.Tape, run.Compiled.Chip, run.PromptIds.Length, Math.Max(1, run.OutputIds.Count), 1)
        );

    private static double DecodeRate(PromptRun run) =>
        run.OutputIds.Count > 1 && run.HostSeconds.Decode > 0 ? (run.OutputIds.Count - 1) / run.HostSeconds.Decode : 0;
}
