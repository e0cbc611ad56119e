using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Machine.Sessions;

/// <summary>
/// Drives requests over a machine: prefill in chunks, decode, several requests in one step, in the order they were added. Requests wait until the
/// cache has pages for their whole length. Not for several threads at once.
/// </summary>
public sealed class Session
{
    private readonly IMachine _machine;
    private readonly SessionOptions _options;
    private readonly PageAllocator _pages;
    private readonly List<Sequence> _waiting = [];
    private readonly List<Sequence> _active = [];
    private readonly List<Sequence> _kept = [];
    private readonly List<Step> _steps = [];

    // Filled anew for each step, so that it allocates only what it keeps.
    private readonly List<(Sequence Sequence, int Tokens)> _parts = [];
    private readonly ImmutableArray<SequenceRow>.Builder _sequenceRows = ImmutableArray.CreateBuilder<SequenceRow>();
    private readonly ImmutableArray<TokenRow>.Builder _tokenRows = ImmutableArray.CreateBuilder<TokenRow>();
    private readonly ImmutableArray<LogitRow>.Builder _logitRows = ImmutableArray.CreateBuilder<LogitRow>();
    private int _added;

    /// <summary>A session with an empty cache.</summary>
    /// <param name="machine">The machine; no other session uses it meanwhile.</param>
    /// <param name="options">How work is cut; null for the defaults.</param>
    public Session(IMachine machine, SessionOptions? options = null)
    {
        _machine = machine;
        _options = options ?? new();
        _pages = new(machine.Tape.Envelope.Pages, _options.ScatterSeed);
    }

    /// <summary>
    /// The steps executed so far, in order, with the expert counts that ROUTE has written: what a timing of the same shapes needs.
    /// </summary>
    public IReadOnlyList<Step> Steps => _steps;

    /// <summary>Called with each row of logits, in the order of positions of a request; null for none.</summary>
    public Action<PositionLogits>? LogitsReady { get; set; }

    /// <summary>Called after each step; null for none.</summary>
    public Action<Step>? StepExecuted { get; set; }

    /// <summary>True while a request is not finished.</summary>
    public bool HasWork => _waiting.Count + _active.Count > 0;

    /// <summary>Adds a request.</summary>
    /// <returns>The request's number, from 0.</returns>
    /// <exception cref="InvalidInputException">The prompt is empty, too long for the tape's context, or needs more pages than there are.</exception>
    public int Add(GenerationRequest request)
    {
        Envelope envelope = _machine.Tape.Envelope;
        if (request.Prompt.IsDefaultOrEmpty)
            throw new InvalidInputException("The prompt has no tokens: give at least one, for instance the beginning-of-text token.");
        if (request.MaxTokens < 0)
            throw new InvalidInputException($"The most tokens to make is {request.MaxTokens}, but cannot be negative.");
        RequireContext(request.Prompt.Length);
        // The last made token is never processed, so it takes no position.
        int positions = request.KeepsCache
            ? envelope.Context
            : (int)Math.Min(envelope.Context, request.Prompt.Length + (long)Math.Max(0, request.MaxTokens - 1));
        int pages = (positions + Envelope.PageSize - 1) / Envelope.PageSize;
        if (pages > envelope.Pages)
        {
            throw new InvalidInputException(
                $"A prompt of {request.Prompt.Length} tokens with {request.MaxTokens} more needs {pages} KV pages of {Envelope.PageSize} positions, but the chip holds {envelope.Pages}: ask for fewer tokens or choose a chip with more memory."
            );
        }
        _waiting.Add(new Sequence(_added, request, pages));
        return _added++;
    }

    /// <summary>
    /// Goes on with a request that keeps its cache, whether it has ended or is stopped here. The positions that the new prompt shares with
    /// what has been processed are not processed again.
    /// </summary>
    /// <param name="request">Its number.</param>
    /// <param name="prompt">The whole text so far and what is added to it.</param>
    /// <param name="maxTokens">Most tokens to make.</param>
    /// <returns>The number of positions whose keys and values were still in the cache.</returns>
    /// <exception cref="InvalidInputException">The prompt is empty or too long for the tape's context.</exception>
    /// <exception cref="InvalidOperationException">The request is not there, or does not keep its cache.</exception>
    public int Continue(int request, ImmutableArray<int> prompt, int maxTokens)
    {
        Sequence sequence =
            _kept.Concat(_active).FirstOrDefault(s => s.Number == request && s.Request.KeepsCache)
            ?? throw new InvalidOperationException($"Request {request} has no cache to go on from.");
        if (prompt.IsDefaultOrEmpty)
            throw new InvalidInputException("The prompt has no tokens: give at least one, for instance the beginning-of-text token.");
        RequireContext(prompt.Length);
        // The last position is processed in any case: its logits are what the next token is drawn from.
        int most = Math.Min(sequence.Processed, prompt.Length - 1);
        int shared = 0;
        while (shared < most && sequence.Tokens[shared] == prompt[shared])
            shared++;
        sequence.Restart(prompt, maxTokens, shared);
        if (_kept.Remove(sequence))
            _active.Add(sequence);
        return shared;
    }

    /// <summary>Makes tokens, each handed over as soon as its step is done, until no request is left.</summary>
    /// <param name="cancellation">Ends the run before the next step; requests stay and can be run on.</param>
    public IEnumerable<GeneratedToken> Run(CancellationToken cancellation = default)
    {
        while (HasWork)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (GeneratedToken token in Advance())
                yield return token;
        }
    }

    /// <summary>As <see cref="Run"/>, each step on the thread pool.</summary>
    /// <param name="cancellation">Ends the run before the next step; requests stay and can be run on.</param>
    public async IAsyncEnumerable<GeneratedToken> RunAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        while (HasWork)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (GeneratedToken token in await Task.Run(Advance, cancellation).ConfigureAwait(false))
                yield return token;
        }
    }

    /// <summary>Ends a request at once and frees its pages; false if it is not there any more.</summary>
    public bool Cancel(int request)
    {
        int kept = _kept.FindIndex(sequence => sequence.Number == request);
        if (kept >= 0)
        {
            _pages.Return(_kept[kept].Pages.AsSpan());
            _kept.RemoveAt(kept);
            return true;
        }
        int active = _active.FindIndex(sequence => sequence.Number == request);
        if (active >= 0)
        {
            _pages.Return(_active[active].Pages.AsSpan());
            _active.RemoveAt(active);
            return true;
        }
        return _waiting.RemoveAll(sequence => sequence.Number == request) > 0;
    }

    /// <summary>Executes one step over all requests that have room in it.</summary>
    /// <returns>The tokens that the step made.</returns>
    /// <exception cref="InvalidOperationException">Kept caches leave no pages for any request.</exception>
    public IReadOnlyList<GeneratedToken> Advance()
    {
        Admit();
        if (_active.Count == 0 && _waiting.Count > 0)
            throw new InvalidOperationException(
                "Kept caches hold the pages that the waiting requests need: cancel a request that is kept."
            );
        Step step = NextStep();
        _machine.Execute(step);
        _steps.Add(step);
        StepExecuted?.Invoke(step);
        List<GeneratedToken> made = new(_parts.Count);
        int firstToken = 0;
        int row = 0;
        foreach ((Sequence sequence, int tokens) in _parts)
        {
            for (; row < step.LogitRows.Length && step.LogitRows[row].Token < firstToken + tokens; row++)
            {
                if (LogitsReady is not null && _machine.Output.Logits.TryGetValue(row, out float[]? logits))
                    LogitsReady(new(sequence.Number, step.Tokens[step.LogitRows[row].Token].Position, logits));
            }
            firstToken += tokens;
            sequence.Processed += tokens;
            if (sequence.Processed == sequence.Tokens.Count)
                Finish(sequence, row - 1, made);
        }
        return made;
    }

    private void Admit()
    {
        int most = Limit(_options.MaxSequences, _machine.Tape.Envelope.Sequences);
        while (_waiting.Count > 0 && _active.Count < most)
        {
            Sequence sequence = _waiting[0];
            int[]? pages = _pages.Take(sequence.PageCount);
            if (pages is null)
                return;
            sequence.Pages = ImmutableArray.Create(pages);
            _waiting.RemoveAt(0);
            _active.Add(sequence);
        }
    }

    /// <summary>The next step; <see cref="_parts"/> says what of it belongs to which request.</summary>
    private Step NextStep()
    {
        Envelope envelope = _machine.Tape.Envelope;
        int tokensLeft = Limit(_options.ChunkTokens, envelope.Tokens);
        int rowsLeft = envelope.LogitRows;
        _parts.Clear();
        ImmutableArray<SequenceRow>.Builder sequences = _sequenceRows;
        ImmutableArray<TokenRow>.Builder tokens = _tokenRows;
        ImmutableArray<LogitRow>.Builder rows = _logitRows;
        sequences.Clear();
        tokens.Clear();
        rows.Clear();
        foreach (Sequence sequence in _active)
        {
            bool everywhere = sequence.Request.LogitsAtEveryPosition;
            int remaining = sequence.Tokens.Count - sequence.Processed;
            int count = Math.Min(remaining, tokensLeft);
            if (everywhere)
                count = Math.Min(count, rowsLeft);
            else if (count == remaining && rowsLeft == 0)
                count--;
            if (count <= 0)
                continue;
            int first = tokens.Count;
            for (int i = 0; i < count; i++)
            {
                int position = sequence.Processed + i;
                if (everywhere || position == sequence.Tokens.Count - 1)
                {
                    rows.Add(new(tokens.Count, sequence.Request.Sampler));
                    rowsLeft--;
                }
                tokens.Add(new(sequence.Tokens[position], position, sequences.Count));
            }
            sequences.Add(new(first, count, sequence.Processed, sequence.Pages));
            _parts.Add((sequence, count));
            tokensLeft -= count;
        }
        return new()
        {
            Sequences = sequences.ToImmutable(),
            Tokens = tokens.ToImmutable(),
            LogitRows = rows.ToImmutable(),
        };
    }

    /// <summary>Takes the token behind a sequence whose tokens have all been processed, and ends the sequence where it is due.</summary>
    private void Finish(Sequence sequence, int row, List<GeneratedToken> made)
    {
        GenerationRequest request = sequence.Request;
        FinishReason reason = FinishReason.Length;
        if (request.MaxTokens > 0)
        {
            int id = _machine.Output.TokenIds[row];
            sequence.Tokens.Add(id);
            int index = sequence.Tokens.Count - request.Prompt.Length - 1;
            reason =
                !request.IgnoreEndOfText && request.StopIds.Contains(id) ? FinishReason.Stop
                : index + 1 >= request.MaxTokens ? FinishReason.Length
                : sequence.Tokens.Count > _machine.Tape.Envelope.Context ? FinishReason.Context
                : FinishReason.None;
            made.Add(new(sequence.Number, index, id, reason));
        }
        if (reason == FinishReason.None)
            return;
        _active.Remove(sequence);
        if (request.KeepsCache)
            _kept.Add(sequence);
        else
            _pages.Return(sequence.Pages.AsSpan());
    }

    private void RequireContext(int tokens)
    {
        int context = _machine.Tape.Envelope.Context;
        if (tokens > context)
        {
            throw new InvalidInputException(
                $"The prompt has {tokens} tokens, but the program was compiled for a context of {context}: shorten the prompt or compile for a larger context."
            );
        }
    }

    private static int Limit(int option, int envelope) => option > 0 ? Math.Min(option, envelope) : envelope;

    /// <summary>A request on its way.</summary>
    private sealed class Sequence(int number, GenerationRequest request, int pageCount)
    {
        public int Number { get; } = number;

        public GenerationRequest Request { get; private set; } = request;

        public int PageCount { get; } = pageCount;

        public ImmutableArray<int> Pages { get; set; } = [];

        public List<int> Tokens { get; } = [.. request.Prompt];

        /// <summary>Tokens whose keys and values are in the cache.</summary>
        public int Processed { get; set; }

        public void Restart(ImmutableArray<int> prompt, int maxTokens, int processed)
        {
            Request = Request with { Prompt = prompt, MaxTokens = maxTokens };
            Tokens.Clear();
            Tokens.AddRange(prompt);
            Processed = processed;
        }
    }
}
