using System.Collections.Immutable;
using Tapeout.Isa;

namespace Tapeout.Machine.Sessions;

/// <summary>A stretch of known tokens whose logits are wanted: what an evaluation of a text is made of.</summary>
/// <param name="Tokens">The tokens; the first is at position 0 of an empty cache.</param>
/// <param name="FirstLogits">The first position whose logits are wanted; they are made up to the last position but one.</param>
public sealed record TokenWindow(ImmutableArray<int> Tokens, int FirstLogits)
{
    /// <summary>
    /// Runs the window over a machine, step by step, each as large as the tape allows. The cache's first pages are overwritten.
    /// </summary>
    /// <param name="machine">The machine; no session uses it meanwhile.</param>
    /// <returns>The logits of each wanted position in order, available as soon as their step is done.</returns>
    /// <exception cref="Tapeout.Quantities.InvalidInputException">The window is longer than the tape's context, or an activation became NaN or infinite.</exception>
    public IEnumerable<PositionLogits> Run(IMachine machine)
    {
        Envelope envelope = machine.Tape.Envelope;
        int processed = Tokens.Length - 1; // nothing is asked behind the last token
        ImmutableArray<int> pages = [.. Enumerable.Range(0, (processed + Envelope.PageSize - 1) / Envelope.PageSize)];
        for (int start = 0; start < processed; )
        {
            int before = Math.Max(0, FirstLogits - start);
            int count = Math.Min(Math.Min(processed - start, envelope.Tokens), before + envelope.LogitRows);
            Step step = new()
            {
                Sequences = [new(0, count, start, pages)],
                Tokens = [.. Enumerable.Range(start, count).Select(p => new TokenRow(Tokens[p], p, 0))],
                LogitRows =
                [
                    .. Enumerable.Range(0, count).Where(t => start + t >= FirstLogits).Select(t => new LogitRow(t, Sampler.Greedy)),
                ],
            };
            machine.Execute(step);
            for (int row = 0; row < step.LogitRows.Length; row++)
                yield return new(0, start + step.LogitRows[row].Token, machine.Output.Logits[row]);
            start += count;
        }
    }
}
