using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Machine.Reference;
using Tapeout.Machine.Sessions;
using Tapeout.Models;
using Tapeout.Models.Tokenizers;
using Tapeout.Quantities;
using Tapeout.Reports;
using Tapeout.Timing;

namespace Tapeout.Cli;

/// <summary><c>tapeout run PROMPT</c>: compiles, executes, streams the text, prints what the chip would take.</summary>
internal static class RunVerb
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create(TextWriter output, TextWriter errors)
    {
        CommonOptions common = new();
        Argument<string> prompt = new("prompt") { Description = "The text to continue." };
        Option<int> maxTokens = new("--max-tokens", "-n") { Description = "Most tokens to make.", DefaultValueFactory = _ => 128 };
        Option<bool> ignoreEos = new("--ignore-eos") { Description = "Go on after an end token." };
        Option<float> temperature = new("--temperature") { Description = "0 for greedy." };
        Option<int> topK = new("--top-k") { Description = "Only the k likeliest; 0 for all." };
        Option<float> topP = new("--top-p") { Description = "Only the likeliest up to this probability.", DefaultValueFactory = _ => 1 };
        Option<ulong> seed = new("--seed") { Description = "Key of the random numbers." };
        Option<FileInfo?> logits = new("--logits") { Description = "Writes float32 little-endian rows, one per processed position." };
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Command command = new("run", "Runs a prompt through a virtual chip.")
        {
            prompt,
            maxTokens,
            ignoreEos,
            temperature,
            topK,
            topP,
            seed,
            logits,
            json,
        };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            string text = parsed.GetValue(prompt)!;
            if (text.Length == 0)
                throw new InvalidInputException("The prompt is empty: give a text to continue, for instance \"Once upon a time\".");
            float heat = parsed.GetValue(temperature);
            float p = parsed.GetValue(topP);
            if (!(heat >= 0 && heat <= 100))
                throw new InvalidInputException($"--temperature is {heat}, but must be 0 to 100.");
            if (!(p > 0 && p <= 1))
                throw new InvalidInputException($"--top-p is {p}, but must be above 0 and at most 1.");
            Request request = new(
                text,
                CommonOptions.Count("--max-tokens", parsed.GetValue(maxTokens), 1),
                parsed.GetValue(ignoreEos),
                new(heat, CommonOptions.Count("--top-k", parsed.GetValue(topK), 0), p, parsed.GetValue(seed), 0),
                parsed.GetValue(logits),
                parsed.GetValue(json)
            );
            ChipDescription chip = common.LoadChip(parsed);
            using Model model = common.OpenModel(parsed);
            return Run(output, errors, model, common.Compilation(parsed, chip), request);
        });
        return command;
    }

    private sealed record Request(string Prompt, int MaxTokens, bool IgnoreEos, Isa.Sampler Sampler, FileInfo? Logits, bool Json);

    private static int Run(TextWriter output, TextWriter errors, Model model, CompilationOptions options, Request request)
    {
        Stopwatch watch = Stopwatch.StartNew();
        ITokenizer tokenizer = model.RequireTokenizer();
        int[] ids = tokenizer.Encode(request.Prompt, true, true);
        int context = options.ContextLength > 0 ? options.ContextLength : model.Configuration.ContextLength;
        if (ids.Length > context)
            throw new InvalidInputException(
                $"The prompt has {ids.Length} tokens, but the context is {context}: shorten it or raise --context."
            );
        bool everywhere = request.Logits is not null;
        options = options with
        {
            ContextLength = Math.Min(context, RoundUp(ids.Length + request.MaxTokens)),
            MaxTokensPerStep = Math.Min(64, RoundUp(ids.Length)),
            MaxLogitRows = everywhere ? 64 : 1,
            Progress = Console.IsErrorRedirected ? null : errors.WriteLine,
            Candidates = request.Sampler.Temperature > 0 ? request.Sampler.TopK : 1,
        };
        using FileStream? logitsFile = OpenNew(request.Logits);
        CompilationResult result = Compilation.Compile(model, options);
        foreach (string note in result.Report.Notes)
            errors.WriteLine($"note: {note}");
        using ReferenceMachine machine = new(result.Tape, result.Constants!);
        Session session = new(machine);
        if (logitsFile is not null)
            session.LogitsReady = row => logitsFile.Write(MemoryMarshal.AsBytes(row.Values.Span));
        session.Add(
            new()
            {
                Prompt = [.. ids],
                MaxTokens = request.MaxTokens,
                Sampler = request.Sampler,
                StopIds = [.. model.Configuration.EndOfGeneration],
                IgnoreEndOfText = request.IgnoreEos,
                LogitsAtEveryPosition = everywhere,
            }
        );
        using CancellationTokenSource cancellation = new();
        ConsoleCancelEventHandler stop = (_, e) =>
        {
            e.Cancel = true;
            cancellation.Cancel();
        };
        Console.CancelKeyPress += stop;
        List<int> made = [];
        FinishReason reason = FinishReason.None;
        StreamingDecoder decoder = new(tokenizer);
        foreach (int id in ids)
            Write(output, request, decoder.Add(id));
        double prefillSeconds = 0;
        Stopwatch steps = Stopwatch.StartNew();
        try
        {
            foreach (GeneratedToken token in session.Run(cancellation.Token))
            {
                if (made.Count == 0)
                {
                    prefillSeconds = steps.Elapsed.TotalSeconds;
                    steps.Restart();
                }
                made.Add(token.Id);
                reason = token.Finish;
                if (reason != FinishReason.Stop)
                    Write(output, request, decoder.Add(token.Id));
            }
        }
        catch (OperationCanceledException)
        {
            reason = FinishReason.None;
        }
        finally
        {
            Console.CancelKeyPress -= stop;
        }
        Write(output, request, decoder.Finish());
        double decodeSeconds = steps.Elapsed.TotalSeconds;
        Commit(logitsFile, request.Logits);
        Prediction prediction = Predictor.Predict(result.Tape, options.Chip, ids.Length, Math.Max(1, made.Count), 1);
        double decodeRate = made.Count > 1 ? (made.Count - 1) / decodeSeconds : 0;
        if (request.Json)
        {
            JsonObject root = PredictionReport.Json(options.Chip, options, model, result.Tape, prediction);
            root["prompt"] = new JsonObject { ["text"] = request.Prompt, ["tokenIds"] = Ids(ids) };
            root["output"] = new JsonObject
            {
                ["text"] = tokenizer.Decode([.. made], true),
                ["tokenIds"] = Ids(made),
                ["finishReason"] = reason.ToString().ToLowerInvariant(),
            };
            root["host"] = new JsonObject
            {
                ["seconds"] = watch.Elapsed.TotalSeconds,
                ["prefillTokensPerSecond"] = prefillSeconds > 0 ? ids.Length / prefillSeconds : 0,
                ["decodeTokensPerSecond"] = decodeRate,
                ["threads"] = machine.Threads,
                ["peakMemoryBytes"] = Process.GetCurrentProcess().PeakWorkingSet64,
            };
            output.WriteLine(root.ToJsonString(Indented));
        }
        else
        {
            output.WriteLine();
            output.WriteLine();
            PredictionReport.Print(output, options.Chip, options, model, prediction);
            output.WriteLine($"host (this computer, reference machine, {machine.Threads} threads)");
            PredictionReport.Row(
                output,
                "decode",
                $"{decodeRate.ToString("#,0.#", CultureInfo.InvariantCulture)} tokens/s",
                $"{made.Count} tokens, {PredictionReport.Seconds(watch.Elapsed.TotalSeconds)} in all"
            );
        }
        return cancellation.IsCancellationRequested ? 130 : 0;
    }

    private static int RoundUp(int tokens) => (tokens + 63) / 64 * 64;

    private static JsonArray Ids(IEnumerable<int> ids) => [.. ids.Select(i => (JsonNode)i)];

    private static void Write(TextWriter output, Request request, string text)
    {
        if (request.Json || text.Length == 0)
            return;
        output.Write(text);
        output.Flush();
    }

    /// <summary>A temporary file beside the target, so that nothing is half-written.</summary>
    internal static FileStream? OpenNew(FileInfo? target)
    {
        if (target is null)
            return null;
        try
        {
            return new FileStream(target.FullName + ".partial", FileMode.Create);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"'{target}' cannot be written: {e.Message.TrimEnd('.')}; choose another path.", e);
        }
    }

    internal static void Commit(FileStream? file, FileInfo? target)
    {
        if (file is null)
            return;
        file.Dispose();
        File.Move(file.Name, target!.FullName, true);
    }
}
