using System.Buffers;
using System.Collections.Immutable;
using Tapeout.Quantities;

namespace Tapeout.Isa;

/// <summary>
/// What one execution of a tape is bound to: sequences, tokens, rows of logits, pages to copy, counts per expert. One program serves any
/// mix of prefill chunks and decodes.
/// </summary>
public sealed record Step
{
    /// <summary>The sequences; their tokens follow each other in the token table.</summary>
    public required ImmutableArray<SequenceRow> Sequences { get; init; }

    /// <summary>The tokens.</summary>
    public required ImmutableArray<TokenRow> Tokens { get; init; }

    /// <summary>The rows of logits asked for, by rising token.</summary>
    public ImmutableArray<LogitRow> LogitRows { get; init; } = [];

    /// <summary>Pages copied before anything else.</summary>
    public ImmutableArray<PageCopyRow> PageCopies { get; init; } = [];

    /// <summary>Tokens per expert and layer.</summary>
    public ExpertCounts Counts { get; init; } = new();

    /// <summary>The sizes that size expressions are evaluated over.</summary>
    public StepSizes Sizes => new(Tokens.Length, Sequences.Length, LogitRows.Length);

    /// <summary>Proves that the tables agree with each other and fit the envelope.</summary>
    /// <exception cref="InvalidInputException">They do not; every problem is named.</exception>
    public void Check(Envelope envelope)
    {
        // Most steps are right: nothing is allocated before there is something to say.
        List<string>? problems = null;
        void Add(string problem) => (problems ??= []).Add(problem);
        void Limit(string what, int found, int most)
        {
            if (found > most)
                Add(
                    $"The step has {found} {what}, but the tape was compiled for at most {most}: split the step or compile for a larger envelope."
                );
        }
        Limit("tokens", Tokens.Length, envelope.Tokens);
        Limit("sequences", Sequences.Length, envelope.Sequences);
        Limit("rows of logits", LogitRows.Length, envelope.LogitRows);
        int next = 0;
        int[] written = ArrayPool<int>.Shared.Rent(Math.Max(1, Tokens.Length));
        int writtenPages = 0;
        for (int s = 0; s < Sequences.Length; s++)
        {
            SequenceRow row = Sequences[s];
            if (row.FirstToken != next || row.NewTokens < 1 || row.Context < 0 || next + (long)row.NewTokens > Tokens.Length)
            {
                Add($"Sequence {s} does not follow the one before it in the token table, or has no tokens.");
                break;
            }
            next += row.NewTokens;
            int positions = row.Context + row.NewTokens;
            if (positions > envelope.Context)
                Limit($"positions in sequence {s}", positions, envelope.Context);
            int pages = (positions + Envelope.PageSize - 1) / Envelope.PageSize;
            if (row.Pages.Length < pages)
                Add($"Sequence {s} needs {pages} pages for {positions} positions, but has {row.Pages.Length}.");
            foreach (int page in row.Pages)
            {
                if ((page < 0 || page >= envelope.Pages))
                    Add($"Sequence {s} names page {page}, but there are {envelope.Pages}.");
            }
            for (int p = row.Context / Envelope.PageSize; p < Math.Min(pages, row.Pages.Length); p++)
            {
                if (written.AsSpan(0, writtenPages).Contains(row.Pages[p]))
                    Add($"Page {row.Pages[p]} would be written by two sequences.");
                else
                    written[writtenPages++] = row.Pages[p];
            }
            for (int t = 0; t < row.NewTokens; t++)
            {
                TokenRow token = Tokens[row.FirstToken + t];
                if (token.Sequence != s || token.Position != row.Context + t)
                {
                    Add($"Token {row.FirstToken + t} does not have the position or sequence that sequence {s} gives it.");
                    break;
                }
            }
        }
        ArrayPool<int>.Shared.Return(written);
        if (problems is null && next != Tokens.Length)
            Add($"The step has {Tokens.Length} tokens, but its sequences have {next}.");
        for (int i = 0; i < LogitRows.Length; i++)
        {
            if ((LogitRows[i].Token < 0 || LogitRows[i].Token >= Tokens.Length) || (i > 0 && LogitRows[i].Token <= LogitRows[i - 1].Token))
                Add($"Logits row {i} names token {LogitRows[i].Token}, which is not in the step or not in rising order.");
        }
        foreach (PageCopyRow copy in PageCopies)
        {
            if ((copy.From < 0 || copy.From >= envelope.Pages) || (copy.To < 0 || copy.To >= envelope.Pages))
                Add($"A page copy from {copy.From} to {copy.To} names a page that is not there.");
        }
        if (problems is not null)
            throw new InvalidInputException(problems);
    }
}
