namespace Tapeout.Isa;

/// <summary>The sizes of a step: what size expressions are evaluated over, and the bounds of a tape's envelope.</summary>
/// <param name="Tokens">Tokens processed.</param>
/// <param name="Sequences">Sequences they belong to.</param>
/// <param name="LogitRows">Rows of logits asked for.</param>
public readonly record struct StepSizes(int Tokens, int Sequences, int LogitRows)
{
    /// <summary>The size that a symbol stands for; 0 for None.</summary>
    public int this[Symbol symbol] =>
        symbol switch
        {
            Symbol.Tokens => Tokens,
            Symbol.Sequences => Sequences,
            Symbol.LogitRows => LogitRows,
            _ => 0,
        };
}
