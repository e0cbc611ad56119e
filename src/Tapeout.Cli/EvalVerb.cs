using System.CommandLine;
using Tapeout.Compiler;
using Tapeout.Models;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary><c>tapeout eval --text FILE</c>: how well a model predicts a text in a format, and how far it is from another format.</summary>
internal static class EvalVerb
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        CommonOptions common = new(defaultChip: EvaluationRun.AnyFormat);
        MachineOption machine = new();
        Option<FileInfo> text = new("--text") { Description = "The text, UTF-8; one newline at its end is dropped.", Required = true };
        Option<int> chunk = new("--chunk") { Description = "Tokens of a chunk or window.", DefaultValueFactory = _ => 512 };
        Option<int> chunks = new("--chunks") { Description = "Most chunks or windows; 0 for all." };
        Option<int?> stride = new("--stride")
        {
            Description = "Slides a window by so many tokens and scores every token once; without it llama.cpp's chunks.",
        };
        Option<string?> baseline = new("--baseline")
        {
            Description = "A format to compare with: KL divergence, same top token, ratio of perplexities.",
        };
        Option<bool> layers = new("--layers")
        {
            Description = "Adds the signal-to-noise ratio after each layer against the baseline; runs on the reference machine.",
        };
        Option<FileInfo?> state = new("--state") { Description = "A file to keep scores in; the same command goes on from it." };
        Option<FileInfo?> likelihoods = new("--nll") { Description = "Writes float32 little-endian −ln p of every scored token." };
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Command command = new("eval", "Measures how well a model predicts a text in a format.")
        {
            text,
            chunk,
            chunks,
            stride,
            baseline,
            layers,
            state,
            likelihoods,
            json,
        };
        machine.AddTo(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            Refusals refusals = new();
            int length = refusals.Try(() => CommonOptions.Count("--chunk", parsed.GetValue(chunk), 2));
            int most = refusals.Try(() => CommonOptions.Count("--chunks", parsed.GetValue(chunks), 0));
            byte[]? bytes = refusals.Try(() => InputFile.Read(parsed.GetValue(text)!));
            string? other = parsed.GetValue(baseline);
            if (other is not null)
                refusals.Try(() => QuantisationFormats.Find(other, null));
            if (parsed.GetValue(layers) && other is null)
                refusals.Add("--layers compares with a baseline: name one, for instance --baseline f32.");
            if (parsed.GetValue(layers) && parsed.GetValue(state) is not null)
                refusals.Add("--layers keeps nothing in a file: leave out --state or --layers.");
            (Model model, CompilationOptions options) = common.Read(parsed, refusals);
            using (model)
            {
                if (length > model.Configuration.ContextLength)
                    throw new InvalidInputException(
                        $"--chunk is {length}, but {model.Name} was made for {model.Configuration.ContextLength} positions: use fewer, or raise the context with --override-kv."
                    );
                using NewFile? target = NewFile.Open(parsed.GetValue(likelihoods));
                using ProgressLine progress = new(errors);
                EvaluationRun run = new()
                {
                    Model = model,
                    Options = options,
                    Baseline = other,
                    TextFile = parsed.GetValue(text)!.Name,
                    TextBytes = bytes!,
                    Chunk = length,
                    MostChunks = most,
                    Stride = parsed.GetValue(stride),
                    ComparesLayers = parsed.GetValue(layers),
                    State = parsed.GetValue(state)?.FullName,
                    // Layers are compared in the memories of the machine that has them all.
                    Machine = parsed.GetValue(layers)
                        ? machine.Read(parsed) with
                        {
                            Kind = MachineOption.MachineKind.Reference,
                        }
                        : machine.Read(parsed),
                };
                run.Execute(note => errors.WriteLine($"note: {note}"), progress);
                if (run.IsCancelled)
                {
                    errors.WriteLine(
                        run.State is null
                            ? "stopped; with --state FILE an evaluation can go on later"
                            : $"stopped after {run.Scores.Windows.Count} of {run.Text.Windows.Length}; the same command goes on from there"
                    );
                    if (run.Scores.Tokens == 0)
                        return 130;
                }
                else if (target is not null)
                {
                    EvaluationReport.WriteLikelihoods(target, run.Scores);
                    target.Commit();
                }
                if (parsed.GetValue(json))
                    JsonOutput.Write(output, EvaluationReport.Json(run));
                else
                    EvaluationReport.Print(output, run);
                return run.IsCancelled ? 130 : 0;
            }
        });
        return command;
    }
}
