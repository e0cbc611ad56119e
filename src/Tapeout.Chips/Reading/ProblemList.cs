using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Collects every problem of an input, so that all are reported at once in the order of the input.</summary>
internal sealed class ProblemList
{
    private const int MostReported = 50;

    private readonly List<(DocumentPosition Position, string Sentence)> problems = [];

    public bool IsEmpty => problems.Count == 0;

    public int Count => problems.Count;

    /// <summary>Adds a clause about a path (empty: about the whole input) and completes it to a sentence.</summary>
    public void Add(DocumentPosition position, string path, string clause) =>
        problems.Add((position, path.Length == 0 ? $"{position}: {clause}." : $"{position}: {path}: {clause}."));

    public void ThrowIfAny()
    {
        if (IsEmpty)
            return;
        List<string> sentences =
        [
            .. problems
                .OrderBy(p => p.Position.File, StringComparer.Ordinal)
                .ThenBy(p => p.Position.Line)
                .ThenBy(p => p.Position.Column)
                .Select(p => p.Sentence)
                .Distinct(),
        ];
        if (sentences.Count > MostReported)
        {
            int more = sentences.Count - MostReported;
            sentences = [.. sentences.Take(MostReported), $"{more} more problems are not listed: correct these first."];
        }
        throw new InvalidInputException(sentences);
    }
}
