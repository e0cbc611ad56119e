namespace Tapeout.Isa.Tests;

public class ConstraintTests
{
    public static TheoryData<string> Labels =>
        [.. InstructionTable.All.SelectMany(row => row.Constraints.Select(c => $"{row.Mnemonic} {c.Label}"))];

    public static TheoryData<string> Mnemonics => [.. InstructionTable.All.Select(row => row.Mnemonic)];

    /// <summary>MATMUL C2 and all others: the tape that breaks the constraint is refused with its label.</summary>
    [Theory]
    [MemberData(nameof(Labels))]
    public void Constraint_Broken_IsRefusedWithItsLabel(string label)
    {
        Assert.True(ConstraintCases.Broken.ContainsKey(label), $"{label} has no case that breaks it: add one to ConstraintCases");
        IReadOnlyList<VerificationProblem> problems = Verifier.Verify(ConstraintCases.Broken[label](), new StrictChip { Bytes = 1 << 30 });
        Assert.True(problems.Any(p => p.Label == label), $"expected {label}, found: {string.Join("\n", problems)}");
    }

    /// <summary>The same instruction is accepted where nothing is broken, so that a case cannot pass for another reason.</summary>
    [Theory]
    [MemberData(nameof(Mnemonics))]
    public void Instruction_Valid_BreaksNoConstraint(string mnemonic)
    {
        IChipCapabilities? chip = mnemonic == "LAUNCH" ? null : new StrictChip { Bytes = 1 << 30 };
        IReadOnlyList<VerificationProblem> problems = Verifier.Verify(ConstraintCases.Valid[mnemonic](), chip);
        Assert.DoesNotContain(problems, p => p.Label is not ("unwritten" or "order"));
    }

    [Fact]
    public void Cases_NameOnlyConstraintsOfTheTable() => Assert.Empty(ConstraintCases.Broken.Keys.Except(Labels.Select(row => row.Data)));
}
