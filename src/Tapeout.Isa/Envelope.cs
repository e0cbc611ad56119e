namespace Tapeout.Isa;

/// <summary>The bounds of a step; a larger one is refused.</summary>
/// <param name="Sequences">Most sequences in one step.</param>
/// <param name="Tokens">Most tokens in one step, over all sequences.</param>
/// <param name="Context">Most positions of one sequence.</param>
/// <param name="Pages">KV pages of 64 positions, shared by all sequences.</param>
/// <param name="LogitRows">Most rows of logits in one step.</param>
public readonly record struct Envelope(int Sequences, int Tokens, int Context, int Pages, int LogitRows)
{
    /// <summary>Positions of a KV page and of an attention block.</summary>
    public const int PageSize = 64;

    /// <summary>The largest sizes.</summary>
    public StepSizes Bounds => new(Tokens, Sequences, LogitRows);
}
