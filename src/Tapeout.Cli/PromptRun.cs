using System.Diagnostics;
using System.Runtime.InteropServices;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine;
using Tapeout.Machine.Reference;
using Tapeout.Machine.Sessions;
using Tapeout.Models;
using Tapeout.Models.Tokenizers;
using Tapeout.Quantities;
using Tapeout.Timing;

namespace Tapeout.Cli;

/// <summary>One prompt on one chip: compiled, executed, its text streamed as it is made.</summary>
internal sealed class PromptRun
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly List<int> _made = [];

    public required Model Model { get; init; }

    public required CompilationOptions Options { get; init; }

    public required PromptRequest Request { get; init; }

    public required MachineOption.Choice Machine { get; init; }

    /// <summary>Makes what sees every instruction of the machine; null for nothing.</summary>
    public Func<ReferenceMachine, IExecutionObserver>? Observe { get; init; }

    /// <summary>Where the text goes as it is made; null for nowhere.</summary>
    public required TextWriter? Text { get; init; }

    /// <summary>Where logits go, one row per processed position; null for nowhere.</summary>
    public required NewFile? Logits { get; init; }

    /// <summary>Takes how tokens spread over experts; null for nothing.</summary>
    public ExpertRecording? Experts { get; init; }

    /// <summary>The prompt's tokens.</summary>
    public int[] PromptIds { get; private set; } = [];

    /// <summary>The made tokens.</summary>
    public IReadOnlyList<int> OutputIds => _made;

    /// <summary>The text of the made tokens.</summary>
    public string OutputText { get; private set; } = "";

    /// <summary>Why it ended: stop, length, context or cancelled.</summary>
    public string FinishReason { get; private set; } = "";

    /// <summary>True after Ctrl-C.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary>What the tape was compiled with.</summary>
    public CompilationOptions Compiled { get; private set; } = null!;

    /// <summary>The program.</summary>
    public Tape Tape { get; private set; } = null!;

    /// <summary>Seconds this computer took: in all, for the prompt, for the tokens after the first.</summary>
    public (double All, double Prefill, double Decode) HostSeconds { get; private set; }

    /// <summary>Threads the machine used.</summary>
    public int Threads { get; private set; }

    /// <summary>Compiles and executes.</summary>
    /// <param name="notes">Takes what a reader should know: formats that were changed.</param>
    /// <param name="progress">Says what takes long.</param>
    /// <exception cref="InvalidInputException">The prompt, the model or the chip cannot be used.</exception>
    public void Execute(Action<string> notes, ProgressLine progress)
    {
        ITokenizer tokenizer = Model.RequireTokenizer();
        PromptIds = tokenizer.Encode(Request.Prompt, true, true);
        Bill.CheckPower(Options.Chip);
        CompilationOptions options = CompilationFor(PromptIds.Length, progress);
        CompilationResult result = Compilation.CompileLargestStep(Model, ref options);
        Compiled = options;
        Tape = result.Tape;
        progress.Start("filling the chip's memory");
        List<string> opening = [];
        using IMachine machine = Open(result, opening.Add);
        progress.Finish();
        foreach (string note in CommonOptions.Notes(Model, Compiled, result).Concat(opening))
            notes(note);
        Threads = machine.Threads;
        Session session = new(machine);
        if (Logits is not null)
            session.LogitsReady = row => Logits.Write(MemoryMarshal.AsBytes(row.Values.Span));
        session.Add(
            new()
            {
                Prompt = [.. PromptIds],
                MaxTokens = Request.MaxTokens,
                Sampler = Request.Sampler,
                StopIds = [.. Model.Configuration.EndOfGeneration],
                IgnoreEndOfText = Request.IgnoreEndOfText,
                LogitsAtEveryPosition = Logits is not null,
            }
        );
        Generate(session, tokenizer, progress);
        OutputText = tokenizer.Decode([.. _made], true);
    }

    private IMachine Open(CompilationResult result, Action<string> notes)
    {
        if (Observe is null)
            return Machine.Open(result, notes);
        ReferenceMachine observed = Machine.OpenReference(result);
        observed.Observer = Observe(observed);
        return observed;
    }

    private CompilationOptions CompilationFor(int promptTokens, ProgressLine progress)
    {
        int context = Options.ContextLength > 0 ? Options.ContextLength : Model.Configuration.ContextLength;
        if (promptTokens > context)
            throw new InvalidInputException(
                $"The prompt has {promptTokens} tokens, but the context is {context}: shorten it or raise --context."
            );
        return Options with
        {
            ContextLength = (int)Math.Min(context, RoundUp(promptTokens + (long)Request.MaxTokens)),
            MaxTokensPerStep = (int)Math.Min(64, RoundUp(promptTokens)),
            MaxLogitRows = Logits is not null ? 64 : 1,
            Progress = progress.Start,
            Candidates = SamplingOptions.Candidates(Request.Sampler),
        };
    }

    private void Generate(Session session, ITokenizer tokenizer, ProgressLine progress)
    {
        using Interruption interruption = new();
        StreamingDecoder decoder = new(tokenizer);
        // Shown with the first token: until then the terminal's line belongs to the progress.
        string shown = string.Concat(PromptIds.Select(decoder.Add));
        int processed = 0;
        progress.Start("reading the prompt");
        session.StepExecuted = step =>
        {
            processed += step.Tokens.Length;
            Experts?.Add(step);
            progress.Advance(
                Text is null
                    ? (double)processed / (PromptIds.Length + Request.MaxTokens - 1)
                    : Math.Min(1, (double)processed / PromptIds.Length)
            );
        };
        double prefill = 0;
        Stopwatch steps = Stopwatch.StartNew();
        try
        {
            foreach (GeneratedToken token in session.Run(interruption.Token))
            {
                if (_made.Count == 0)
                {
                    prefill = steps.Elapsed.TotalSeconds;
                    steps.Restart();
                    if (Text is not null)
                        progress.Finish();
                    Stream(shown);
                }
                _made.Add(token.Id);
                if (token.Finish != Tapeout.Machine.Sessions.FinishReason.Stop)
                    Stream(decoder.Add(token.Id));
                FinishReason = token.Finish.ToString().ToLowerInvariant();
            }
        }
        catch (OperationCanceledException)
        {
            FinishReason = "cancelled";
            IsCancelled = true;
        }
        progress.Finish();
        if (_made.Count == 0)
            Stream(shown);
        Stream(decoder.Finish());
        HostSeconds = (_watch.Elapsed.TotalSeconds, prefill, steps.Elapsed.TotalSeconds);
    }

    private void Stream(string text)
    {
        if (Text is null || text.Length == 0)
            return;
        Text.Write(text);
        Text.Flush();
    }

    private static long RoundUp(long tokens) => (tokens + 63) / 64 * 64;
}
