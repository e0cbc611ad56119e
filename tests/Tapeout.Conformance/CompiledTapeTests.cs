using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Models;
using Tapeout.Quantities;
using Tapeout.Testing;

namespace Tapeout.Conformance;

/// <summary>What the compiler emits is verified, and survives the file and the listing byte for byte.</summary>
public sealed class CompiledTapeTests
{
    public static TheoryData<string> Compilations =>
        [.. Vector.All.Select(v => (v with { Setting = v.Setting with { Chunk = 0, OrderSeed = null } }).Name).Distinct()];

    [Theory]
    [MemberData(nameof(Compilations))]
    public void Compiled_IsVerifiedAndAssemblesToTheSameBytes(string name)
    {
        Vector vector = Vector.All.First(v => (v with { Setting = v.Setting with { Chunk = 0, OrderSeed = null } }).Name == name);
        using Model model = ModelSource.Open("stories260k");
        Tape tape = Runner.Compile(model, vector.Setting with { Sequences = vector.InBatch ? 5 : 2 }).Tape;
        ChipDescription chip = ChipReader.Load(vector.Setting.Chip, vector.Setting.Set);
        Assert.Empty(Verifier.Verify(tape, new ChipCapabilities(chip)));
        byte[] bytes = TapeFile.Write(tape);
        Assert.Equal(bytes, TapeFile.Write(Assembler.Read(Disassembler.Write(tape), "stories260k.asm")));
        Assert.Equal(bytes, TapeFile.Write(TapeFile.Read(bytes, "stories260k.tape")));
    }

    /// <summary>A mutant that the verifier accepts executes: it ends in logits or in a finished sentence, never in a fault.</summary>
    [Theory]
    [InlineData("ideal", "tiles=2x2")]
    [InlineData("ideal", "tiles=4x4 sram.capacity=256KiB")]
    [InlineData("reference", "tiles=1x1")]
    public void Mutants_ThatAreAccepted_Execute(string chip, string set)
    {
        using Model model = ModelSource.Open("stories260k");
        CompilationResult result = Runner.Compile(
            model,
            new()
            {
                Format = "int8",
                Chip = chip,
                Set = set.Split(' '),
                MaxTokens = 4,
            }
        );
        Step step = new()
        {
            Sequences = [new(0, 2, 0, [0])],
            Tokens = [new(1, 0, 0), new(403, 1, 0)],
            LogitRows = [new(1, Sampler.Greedy)],
        };
        TapeMutator mutator = new(3);
        ChipCapabilities capabilities = new(ChipReader.Load(chip, set.Split(' ')));
        int accepted = 0;
        List<string> faults = [];
        for (int i = 0; i < 700; i++)
        {
            (Tape mutant, string change) = mutator.Mutate(result.Tape);
            if (Verifier.Verify(mutant, capabilities).Count > 0)
                continue;
            accepted++;
            try
            {
                using ReferenceMachine machine = new(mutant, result.Constants!);
                machine.Execute(step);
            }
            catch (InvalidInputException) { }
            catch (Exception fault)
            {
                faults.Add($"mutant {i}, {change}: {fault.Message}");
            }
        }
        Assert.True(faults.Count == 0, string.Join("\n", faults));
        Assert.InRange(accepted, 100, 699);
    }
}
