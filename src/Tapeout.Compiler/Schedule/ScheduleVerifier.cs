using Tapeout.Isa;
using Barrier = Tapeout.Isa.Barrier;

namespace Tapeout.Compiler;

/// <summary>
/// Proves what scheduling promises: nothing is dropped, added or moved but tokens and the barriers that carry them, and no two buffers that
/// live at once share a byte. That every dependence has a token is proved by <see cref="Verifier"/> on the finished tape.
/// </summary>
internal static class ScheduleVerifier
{
    /// <summary>Sentences, one a broken promise; none if all hold.</summary>
    public static IReadOnlyList<string> Verify(Role before, Role after)
    {
        List<string> problems = [];
        Instruction[] wanted = [.. before.Instructions.Where(i => i is not Barrier).Select(Bare)];
        Instruction[] found = [.. after.Instructions.Where(i => i is not Barrier).Select(Bare)];
        if (wanted.Length != found.Length)
            problems.Add($"the schedule has {found.Length} instructions, but {wanted.Length} were to be scheduled");
        for (int i = 0; i < Math.Min(wanted.Length, found.Length); i++)
        {
            // A kernel may have grown by the barriers inside it.
            if (wanted[i] is not Launch && !wanted[i].Equals(found[i]))
            {
                problems.Add($"instruction {i} of the schedule is {Disassembler.Text(found[i])}, but was {Disassembler.Text(wanted[i])}");
                break;
            }
        }
        if (!before.Buffers.SequenceEqual(after.Buffers) || !before.Descriptors.SequenceEqual(after.Descriptors))
            problems.Add("the schedule changed a buffer or a descriptor");
        return problems;
    }

    private static Instruction Bare(Instruction instruction) => instruction with { Waits = [], Signals = [] };
}
