namespace Tapeout.Quantities;

/// <summary>
/// A refusal: input that cannot be used. Every problem is one finished sentence that names the file, the field or tensor, what was
/// found, what is allowed and what to do. The command line prints the sentences and exits with code 2, without a stack trace.
/// </summary>
public sealed class InvalidInputException : Exception
{
    /// <summary>A refusal for one reason.</summary>
    public InvalidInputException(string problem)
        : this([problem]) { }

    /// <summary>A refusal for one reason that was noticed through another exception.</summary>
    public InvalidInputException(string problem, Exception inner)
        : base(problem, inner) => Problems = [problem];

    /// <summary>A refusal for several reasons, all found in one pass.</summary>
    public InvalidInputException(IReadOnlyList<string> problems)
        : base(string.Join(Environment.NewLine, problems)) => Problems = problems;

    /// <summary>The sentences, in the order of the input.</summary>
    public IReadOnlyList<string> Problems { get; }
}
