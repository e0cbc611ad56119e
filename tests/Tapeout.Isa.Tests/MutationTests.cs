using System.Diagnostics;
using Tapeout.Testing;

namespace Tapeout.Isa.Tests;

public class MutationTests
{
    [Fact]
    public void Verify_TwoThousandMutants_AcceptsOrNamesProblems()
    {
        Tape valid = ValidTape.Make();
        TapeMutator mutator = new(7);
        int refused = 0;
        for (int i = 0; i < 2000; i++)
        {
            (Tape mutant, string change) = mutator.Mutate(valid);
            Stopwatch time = Stopwatch.StartNew();
            // A mutant survives the file format, so that what is verified is what a file could hold.
            IReadOnlyList<VerificationProblem> problems = Verifier.Verify(
                TapeFile.Read(TapeFile.Write(mutant), "mutant"),
                new StrictChip()
            );
            Assert.True(time.Elapsed < TimeSpan.FromSeconds(5), $"{change}: {time.Elapsed}");
            refused += problems.Count > 0 ? 1 : 0;
            Assert.All(problems, p => Assert.NotEmpty(p.Sentence));
        }
        // Some fields do not matter (a spare wait with credit, an algorithm); most do.
        Assert.InRange(refused, 1200, 2000);
    }

    [Fact]
    public void Verify_MutantsOfMutants_NeverThrows()
    {
        TapeMutator mutator = new(11);
        for (int i = 0; i < 200; i++)
        {
            Tape tape = ValidTape.Make();
            for (int generation = 0; generation < 6; generation++)
            {
                tape = mutator.Mutate(tape).Tape;
                Verifier.Verify(tape, null);
                Disassembler.Write(tape);
            }
        }
    }
}
