using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Reference;
using Tapeout.Models;

namespace Tapeout.Machine.Tests;

public class ComparingMachineTests
{
    [Theory]
    [InlineData("ideal", "int8", 1)]
    [InlineData("groq-lpu-v1", "int8-g32", 1)]
    [InlineData("nvidia-h100-sxm", "f16", 2)]
    [InlineData("taalas-hc1-like", "ternary", 1)]
    public void Execute_CompiledModels_NoBitDiffers(string chip, string format, int chips)
    {
        using Model model = ModelSource.Open("stories260k");
        CompilationResult compiled = Compile(model, chip, format, chips);
        using ComparingMachine machine = new(compiled.Tape, compiled.Constants!, 2);
        machine.Execute(FirstStep(machine.Tape));
        Assert.True(machine.ComparedInstructions > 50, $"only {machine.ComparedInstructions} executions were compared");
        Assert.NotEmpty(machine.Output.Logits);
    }

    /// <summary>A kernel whose last element is off by one unit in the last place.</summary>
    [Theory]
    [InlineData(typeof(Attend), "ATTEND", "'attention'")]
    [InlineData(typeof(MatMul), "MATMUL", "")]
    [InlineData(typeof(Norm), "NORM", "")]
    [InlineData(typeof(KvAppend), "KVAPPEND", "")]
    public void Execute_KernelOffByOneBit_IsNamedWithPlaceAndValues(Type instruction, string mnemonic, string operatorName)
    {
        using Model model = ModelSource.Open("stories260k");
        CompilationResult compiled = Compile(model, "ideal", "int8", 1);
        MergedRole merged = TileMerger.Merge(compiled.Tape.Roles[0], compiled.Tape.Envelope.Bounds)!;
        using FastKernels kernels = new(compiled.Constants!, 1);
        using ReferenceMachine machine = new(
            compiled.Tape with
            {
                Roles = [merged.Role],
            },
            compiled.Constants!,
            new ComparingKernels(new Faulty(kernels, instruction))
        );
        MachineDifferenceException difference = Assert.Throws<MachineDifferenceException>(() => machine.Execute(FirstStep(machine.Tape)));
        Assert.StartsWith(mnemonic + " at ", difference.Place, StringComparison.Ordinal);
        Assert.Contains("of layer 0", difference.Place, StringComparison.Ordinal);
        Assert.Contains("column", difference.Place, StringComparison.Ordinal);
        Assert.NotEqual(difference.Fast, difference.Reference);
        if (operatorName.Length > 0)
            Assert.Contains(operatorName, difference.Place, StringComparison.Ordinal);
    }

    private static CompilationResult Compile(Model model, string chip, string format, int chips) =>
        Compilation.Compile(
            model,
            new()
            {
                Chip = ChipReader.Load(chip),
                Format = format,
                Chips = chips,
            }
        );

    private static Step FirstStep(Tape tape) =>
        new()
        {
            // Not the first page, which every region begins with.
            Sequences = [new(0, 5, 0, [1])],
            Tokens = [.. Enumerable.Range(0, 5).Select(i => new TokenRow(i + 1, i, 0))],
            LogitRows = [new(4, Sampler.Greedy)],
        };

    private sealed class Faulty(IKernels kernels, Type instruction) : IKernels
    {
        public void Prepare(Tape tape, RoleMemory memory) => kernels.Prepare(tape, memory);

        public bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point)
        {
            if (!kernels.TryExecute(machine, memory, point))
                return false;
            if (point.Instance.Instruction.GetType() == instruction)
            {
                if (point.Instance.Instruction is KvAppend append)
                {
                    MatrixView page = memory.View(point, append.Cache, 1);
                    page.Bytes[4 * page.Layout.RowBytes] ^= 1;
                    return true;
                }
                MatrixView written = memory.View(point, point.Instance.Instruction.Writes[0]);
                ref float last = ref written.Floats(written.Rows.End - 1)[^1];
                last = MathF.BitIncrement(last);
            }
            return true;
        }
    }
}
