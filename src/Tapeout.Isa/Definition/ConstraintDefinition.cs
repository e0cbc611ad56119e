namespace Tapeout.Isa;

/// <summary>A numbered rule that an instruction must keep; the label is the same in the manual, in the verifier's message and in tests.</summary>
/// <param name="Number">1 for C1.</param>
/// <param name="Text">The rule, one sentence.</param>
public sealed record ConstraintDefinition(int Number, string Text)
{
    /// <summary>C1, C2 …</summary>
    public string Label => $"C{Number}";
}
