using Tapeout.Quantities;

namespace Tapeout.Isa.Tests;

public class VerifierTests
{
    [Fact]
    public void Verify_ValidTape_FindsNothing() => Assert.Empty(Verifier.Verify(ValidTape.Make(), new StrictChip()));

    [Fact]
    public void VerifyOrThrow_TwoProblems_NamesBoth()
    {
        Tape tape = Changed(role =>
            role with
            {
                Instructions = [.. role.Instructions.Select(i => i is Quantise q ? q with { Source = q.Destination } : i)],
                Buffers = [.. role.Buffers.Select(b => b.Name == "table" ? b with { Address = 16 } : b)],
            }
        );
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() => Verifier.VerifyOrThrow(tape, null));
        Assert.Contains(refusal.Problems, p => p.Contains("QUANTISE C1"));
        Assert.Contains(refusal.Problems, p => p.Contains("overlap"));
    }

    /// <summary>
    /// Without any one of these tokens a hazard is not ordered. The others only repeat what follows: 7 to 9 guard buffers whose next writer already waits for a chain that starts behind their last reader.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(10)]
    [InlineData(11)]
    public void Verify_WithoutOneToken_IsRefused(int removed)
    {
        Tape tape = Changed(r =>
            r with
            {
                Instructions =
                [
                    .. r.Instructions.Select(i => i with { Waits = i.Waits.Remove(removed), Signals = i.Signals.Remove(removed) }),
                ],
            }
        );
        Assert.Contains(Verifier.Verify(tape, null), p => p.Label == "order");
    }

    [Fact]
    public void Verify_OneSlotInsteadOfTwo_HazardIsNamed() =>
        AssertRefused(
            "order",
            role => role with { Buffers = [.. role.Buffers.Select(b => b.Name == "staging" ? b with { Slots = 1 } : b)] }
        );

    [Fact]
    public void Verify_CreditTooMuch_HazardIsNamed() =>
        AssertRefused("order", role => role with { Tokens = [.. role.Tokens.Select(t => t with { Credits = t.Credits + 1 })] });

    [Fact]
    public void Verify_CreditTooLittle_Deadlock() =>
        AssertRefused(
            "token",
            role => role with { Tokens = [.. role.Tokens.Select(t => t with { Credits = Math.Max(0, t.Credits - 1) })] }
        );

    [Fact]
    public void Verify_ActivationOverAnother_ReadsWhatIsGone() =>
        AssertRefused(
            "unwritten",
            role => role with { Buffers = [.. role.Buffers.Select(b => b.Name == "q" ? b with { Address = role.Buffers[2].Address } : b)] }
        );

    [Fact]
    public void Verify_NotWritten_IsNamed() =>
        AssertRefused(
            "unwritten",
            role =>
                role with
                {
                    Instructions =
                    [
                        .. role.Instructions.Select(i =>
                            i is Copy
                                ? new Barrier
                                {
                                    Engine = Engine.Dma,
                                    Waits = i.Waits,
                                    Signals = i.Signals,
                                }
                                : i
                        ),
                    ],
                }
        );

    [Fact]
    public void Verify_RegionOutside_IsNamed() =>
        AssertRefused(
            "region",
            role => role with { Buffers = [.. role.Buffers.Select(b => b.Name == "all" ? b with { Columns = new Axis(32) } : b)] }
        );

    [Fact]
    public void Verify_WriteToConstant_IsNamed() =>
        AssertRefused(
            "region",
            role =>
                role with
                {
                    Buffers = [.. role.Buffers.Select(b => b.Name == "q" ? b with { Kind = BufferKind.Constant, Tensor = "q" } : b)],
                }
        );

    [Fact]
    public void Verify_SmallMemory_IsNamed() =>
        Assert.Contains(Verifier.Verify(ValidTape.Make(), new StrictChip { Bytes = 1000 }), p => p.Label == "memory");

    [Fact]
    public void Verify_MissingInstruction_IsNamed() =>
        Assert.Contains(Verifier.Verify(ValidTape.Make(), new StrictChip { Missing = Opcode.Binary }), p => p.Label == "chip");

    [Fact]
    public void Verify_HugeNestedLoops_IsRefusedAtOnce()
    {
        Instruction[] open = [.. Enumerable.Range(0, 4).Select(l => new Loop { Level = l, Count = SizeExpression.Of(1 << 20) })];
        Instruction[] close = [.. Enumerable.Range(0, 4).Select(l => new End { Level = 3 - l })];
        Tape tape = ValidTape.Make(new RoleMaker().Add([.. open, .. close]).Make());
        Assert.Contains(Verifier.Verify(tape, null), p => p.Label == "structure");
    }

    private static void AssertRefused(string label, Func<Role, Role> change)
    {
        IReadOnlyList<VerificationProblem> problems = Verifier.Verify(Changed(change), null);
        Assert.True(problems.Any(p => p.Label == label), $"expected {label}, found: {string.Join("\n", problems)}");
    }

    private static Tape Changed(Func<Role, Role> change)
    {
        Tape tape = ValidTape.Make();
        return tape with { Roles = [change(tape.Roles[0])] };
    }
}
