using System.Collections.Immutable;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>Predicts a load from the time of its steps.</summary>
public static class Predictor
{
    /// <summary>
    /// Times prefill and decode of <paramref name="batch"/> equal sequences. Chunks of the prompts grow linearly with their context, so the
    /// first and the last are timed and the mean stands for all; so are the first and last decode step.
    /// </summary>
    /// <param name="tape">A verified tape.</param>
    /// <param name="chip">The chip it was compiled for.</param>
    /// <param name="promptTokens">Tokens of each prompt.</param>
    /// <param name="outputTokens">Tokens made for each prompt.</param>
    /// <param name="batch">Equal sequences side by side.</param>
    /// <param name="options">Software and experts; none: the stack of the catalog that was fitted on the chip, if there is one.</param>
    /// <exception cref="InvalidInputException">The load does not fit the tape's envelope; every problem is named.</exception>
    public static Prediction Predict(
        Tape tape,
        ChipDescription chip,
        int promptTokens,
        int outputTokens,
        int batch,
        TimingOptions? options = null
    )
    {
        options ??= TimingOptions.Default with { Software = TimingOptions.SoftwareFor(chip) };
        Envelope envelope = tape.Envelope;
        List<string> problems = [];
        if (promptTokens < 1)
            problems.Add($"The prompt has {promptTokens} tokens, but needs at least 1.");
        if (outputTokens < 1)
            problems.Add($"The output has {outputTokens} tokens, but needs at least 1.");
        if (batch < 1 || batch > envelope.Sequences)
            problems.Add($"A batch of {batch} does not fit the tape, which was compiled for 1 to {envelope.Sequences} sequences.");
        if ((long)promptTokens + outputTokens - 1 > envelope.Context)
        {
            problems.Add(
                $"A prompt of {promptTokens} and an output of {outputTokens} tokens need {(long)promptTokens + outputTokens - 1} positions, but the tape was compiled for a context of {envelope.Context}: use fewer tokens or a longer --context."
            );
        }
        if (problems.Count > 0)
            throw new InvalidInputException(problems);

        // Steps of different shapes are timed beside each other: none knows of another.
        Step lateShape = StepShape(batch, 1, promptTokens + Math.Max(0, outputTokens - 2), true);
        Task<(Timeline Timeline, StepTime Late, StepTime Early)> decode = Task.Run(() =>
        {
            Timeline timeline = Timeline.Of(tape, chip, lateShape, options);
            StepTime summary = timeline.Summary();
            return (
                timeline,
                summary,
                outputTokens > 2 ? StepTimer.Time(tape, chip, StepShape(batch, 1, promptTokens, true), options) : summary
            );
        });

        // Each sequence in turn: its chunks, the last of which asks for logits.
        int chunk = Math.Min(promptTokens, envelope.Tokens);
        int chunks = (promptTokens + chunk - 1) / chunk;
        int last = promptTokens - (chunks - 1) * chunk;
        Step lastShape = StepShape(1, last, promptTokens - last, true);
        StepTime lastTime = StepTimer.Time(tape, chip, lastShape, options);
        Duration one = lastTime.Duration;
        if (chunks > 1)
        {
            StepTime first = StepTimer.Time(tape, chip, StepShape(1, chunk, 0, false), options);
            StepTime full = chunks > 2 ? StepTimer.Time(tape, chip, StepShape(1, chunk, (chunks - 2) * chunk, false), options) : first;
            one += new Duration((first.Duration.Count + full.Duration.Count) * (chunks - 1) / 2);
        }
        (Timeline lateTimeline, StepTime late, StepTime early) = decode.GetAwaiter().GetResult();
        return new()
        {
            Batch = batch,
            PromptTokens = promptTokens,
            OutputTokens = outputTokens,
            Prefill = one * batch,
            DecodeStep = new((early.Duration.Count + late.Duration.Count) / 2),
            PrefillStepTime = lastTime,
            DecodeStepTime = late,
            PrefillShape = lastShape,
            DecodeShape = lateShape,
            DecodeTimeline = lateTimeline,
            Options = options,
        };
    }

    /// <summary>A step of equal sequences: shapes only, its token identifiers and pages are not looked at by a timing.</summary>
    public static Step StepShape(int sequences, int newTokens, int context, bool logits)
    {
        ImmutableArray<SequenceRow>.Builder rows = ImmutableArray.CreateBuilder<SequenceRow>(sequences);
        ImmutableArray<TokenRow>.Builder tokens = ImmutableArray.CreateBuilder<TokenRow>(sequences * newTokens);
        ImmutableArray<LogitRow>.Builder asked = ImmutableArray.CreateBuilder<LogitRow>(sequences);
        for (int s = 0; s < sequences; s++)
        {
            rows.Add(new(s * newTokens, newTokens, context, []));
            for (int t = 0; t < newTokens; t++)
                tokens.Add(new(0, context + t, s));
            if (logits)
                asked.Add(new(tokens.Count - 1, Sampler.Greedy));
        }
        return new()
        {
            Sequences = rows.ToImmutable(),
            Tokens = tokens.ToImmutable(),
            LogitRows = asked.ToImmutable(),
        };
    }
}
