using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Machine;
using Tapeout.Machine.Reference;
using Tapeout.Machine.Sessions;
using Tapeout.Models;
using Tapeout.Models.Tokenizers;
using Tapeout.Quantities;
using Tapeout.Reports.Evaluation;

namespace Tapeout.Cli;

/// <summary>One text evaluated on one model and format, perhaps beside a baseline.</summary>
internal sealed class EvaluationRun
{
    /// <summary>The chip that multiplies every format. Tokens and logits do not depend on the chip, so a baseline runs on it too.</summary>
    public const string AnyFormat = "reference";

    private static readonly TimeSpan BetweenSaves = TimeSpan.FromSeconds(5);

    public required Model Model { get; init; }

    public required CompilationOptions Options { get; init; }

    /// <summary>The format to compare with; null for none.</summary>
    public required string? Baseline { get; init; }

    public required string TextFile { get; init; }

    public required byte[] TextBytes { get; init; }

    public required int Chunk { get; init; }

    /// <summary>0 for all.</summary>
    public required int MostChunks { get; init; }

    /// <summary>Null for llama.cpp's convention.</summary>
    public required int? Stride { get; init; }

    /// <summary>True to compare the residual stream after each layer with the baseline's.</summary>
    public bool ComparesLayers { get; init; }

    /// <summary>Where scores are kept; null for nowhere.</summary>
    public required string? State { get; init; }

    public required MachineOption.Choice Machine { get; init; }

    /// <summary>SHA-256 of the file.</summary>
    public string TextHash { get; private set; } = "";

    /// <summary>Tokens of the whole text.</summary>
    public int TextTokens { get; private set; }

    public EvaluationText Text { get; private set; } = null!;

    /// <summary>The noise of each layer; without values unless layers are compared.</summary>
    public LayerNoise Noise { get; } = new();

    public EvaluationScores Scores { get; private set; } = new();

    /// <summary>Seconds that the windows took which were scored now, and their tokens.</summary>
    public (double Seconds, int Tokens) Host { get; private set; }

    /// <summary>True after Ctrl-C.</summary>
    public bool IsCancelled { get; private set; }

    /// <exception cref="InvalidInputException">The text, the model or the state cannot be used.</exception>
    public void Execute(Action<string> notes, ProgressLine progress)
    {
        TextHash = Convert.ToHexStringLower(SHA256.HashData(TextBytes));
        Text = Cut();
        string conditions =
            $"model {Model.Hash}, text {TextHash}, format {Options.FormatName}, KV {Options.KvFormat ?? "own"}, baseline {Baseline ?? "none"}, {Text.Convention}, context from {(Text.IsFirstReplaced ? "the beginning-of-text token" : "the text")}";
        if (State is not null)
            Scores = EvaluationState.Read(State, conditions);
        if (Scores.Windows.Count >= Text.Windows.Length)
            return;
        progress.Start("compiling");
        using IMachine machine = Open(Options, notes);
        using IMachine? baseline = Baseline is null ? null : Open(BaselineOptions(Baseline), _ => { });
        LayerRecorder? recorder = ComparesLayers ? Observe(machine) : null;
        LayerRecorder? baselineRecorder = ComparesLayers ? Observe(baseline!) : null;
        using Interruption interruption = new();
        int done = Scores.Windows.Count;
        progress.Start($"scoring {Text.Windows.Length} windows of {Text.WindowLength} tokens");
        Stopwatch watch = Stopwatch.StartNew();
        TimeSpan saved = TimeSpan.Zero;
        try
        {
            for (int i = done; i < Text.Windows.Length; i++)
            {
                Scores.Add(TextEvaluation.Score(Text.Windows[i], machine, baseline, interruption.Token));
                CompareLayers(Text.Windows[i], recorder, baselineRecorder);
                Host = (watch.Elapsed.TotalSeconds, Host.Tokens + Text.Windows[i].Tokens.Length - 1);
                progress.Advance((i + 1.0 - done) / (Text.Windows.Length - done));
                if (State is null || watch.Elapsed - saved < BetweenSaves)
                    continue;
                EvaluationState.Write(State, conditions, Scores);
                saved = watch.Elapsed;
            }
        }
        catch (OperationCanceledException)
        {
            IsCancelled = true;
        }
        progress.Finish();
        if (State is not null && Scores.Windows.Count > done)
            EvaluationState.Write(State, conditions, Scores);
    }

    private static LayerRecorder Observe(IMachine machine)
    {
        ReferenceMachine observed = (ReferenceMachine)machine;
        LayerRecorder recorder = new(observed);
        observed.Observer = recorder;
        return recorder;
    }

    /// <summary>Compares the positions that have half a window of context or more, where most scores are.</summary>
    private void CompareLayers(TokenWindow window, LayerRecorder? recorder, LayerRecorder? baseline)
    {
        if (recorder is null || baseline is null)
            return;
        Noise.Add(recorder, baseline, Math.Max(1, window.FirstLogits));
        recorder.Clear();
        baseline.Clear();
    }

    private static CompilationOptions BaselineOptions(string format) => new() { Chip = ChipReader.Load(AnyFormat), Format = format };

    private EvaluationText Cut()
    {
        ITokenizer tokenizer = Model.RequireTokenizer();
        string text = Encoding.UTF8.GetString(TextBytes);
        if (text.EndsWith('\n'))
            text = text[..^1];
        int[] tokens = tokenizer.Encode(text, true, false);
        TextTokens = tokens.Length;
        int[] plain = tokenizer.Encode("", true, false);
        int? begin = plain.Length > 0 && tokens.Length > 0 && tokens[0] == plain[0] ? plain[0] : null;
        return Stride is { } stride
            ? EvaluationText.Sliding(tokens, Chunk, stride, MostChunks)
            : EvaluationText.Chunks(tokens, Chunk, MostChunks, begin);
    }

    private IMachine Open(CompilationOptions options, Action<string> notes)
    {
        int tokens = Math.Min(64, Chunk);
        options = options with { ContextLength = Chunk, MaxTokensPerStep = tokens, MaxLogitRows = tokens, Candidates = 1 };
        CompilationResult result = Compilation.CompileLargestStep(Model, ref options);
        foreach (string note in result.Report.Notes)
            notes(note);
        return Machine.Open(result, notes);
    }
}
