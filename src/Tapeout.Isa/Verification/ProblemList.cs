namespace Tapeout.Isa;

/// <summary>The problems of a tape as they are found; one of a label per instruction, and not more than anyone reads.</summary>
internal sealed class ProblemList
{
    private const int Most = 200;
    private readonly HashSet<(string, string, int)> seen = [];
    private readonly List<VerificationProblem> problems = [];

    public IReadOnlyList<VerificationProblem> Found => problems;

    public int Count => problems.Count;

    public void Add(string label, string role, int programCounter, string sentence)
    {
        if (problems.Count < Most && (programCounter < 0 || seen.Add((label, role, programCounter))))
            problems.Add(new(label, role, programCounter, sentence));
    }
}
