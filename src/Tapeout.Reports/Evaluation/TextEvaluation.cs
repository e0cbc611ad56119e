using Tapeout.Machine;
using Tapeout.Machine.Sessions;

namespace Tapeout.Reports.Evaluation;

/// <summary>Scores the windows of a text on a machine, and beside it on a baseline's.</summary>
public static class TextEvaluation
{
    /// <summary>Scores one window.</summary>
    /// <param name="window">The window.</param>
    /// <param name="machine">The machine that is evaluated.</param>
    /// <param name="baseline">The machine of the baseline; null for none.</param>
    /// <param name="cancellation">Ends the evaluation between two rows.</param>
    public static TokenScore[] Score(TokenWindow window, IMachine machine, IMachine? baseline, CancellationToken cancellation = default)
    {
        List<TokenScore> scores = [];
        using IEnumerator<PositionLogits>? other = baseline is null ? null : window.Run(baseline).GetEnumerator();
        foreach (PositionLogits row in window.Run(machine))
        {
            cancellation.ThrowIfCancellationRequested();
            int token = window.Tokens[row.Position + 1];
            if (other is null)
            {
                scores.Add(TokenScore.Of(row.Values.Span, token));
                continue;
            }
            if (!other.MoveNext() || other.Current.Position != row.Position)
                throw new InvalidOperationException($"The baseline has no logits for position {row.Position}.");
            scores.Add(TokenScore.Of(row.Values.Span, other.Current.Values.Span, token));
        }
        return [.. scores];
    }
}
