namespace Tapeout.Isa;

/// <summary>Something that a tape must not do.</summary>
/// <param name="Label">
/// The rule: a constraint of the table as <c>MATMUL C2</c>, or <c>structure</c>, <c>memory</c>, <c>overlap</c>, <c>region</c>,
/// <c>token</c>, <c>order</c>, <c>unwritten</c>, <c>channel</c>, <c>chip</c>.
/// </param>
/// <param name="Role">The role's name; empty for the whole tape.</param>
/// <param name="ProgramCounter">The instruction in the role's stream; −1 where it is none.</param>
/// <param name="Sentence">What was found and what is allowed, without full stop.</param>
public sealed record VerificationProblem(string Label, string Role, int ProgramCounter, string Sentence)
{
    /// <summary>One sentence with its place.</summary>
    public override string ToString() =>
        (Role, ProgramCounter) switch
        {
            ("", _) => $"{Label}: {Sentence}.",
            (_, < 0) => $"{Label}: role '{Role}': {Sentence}.",
            _ => $"{Label}: role '{Role}', instruction {ProgramCounter}: {Sentence}.",
        };
}
