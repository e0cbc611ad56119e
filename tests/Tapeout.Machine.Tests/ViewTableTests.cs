using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Reference;
using Tapeout.Models;
using Tapeout.Testing;

namespace Tapeout.Machine.Tests;

public class ViewTableTests
{
    /// <summary>Operands looked up in a table are those that are worked out, for every instruction of a model, with steps of two sizes taking turns.</summary>
    [Theory]
    [InlineData("stories260k", 1)]
    [InlineData("stories260k", 2)]
    [InlineData("models/conformance/mixtral/model.gguf", 1)]
    public void Views_OfAModel_AreTheSameWithATable(string file, int chips)
    {
        using Model model = ModelSource.Open(file == "stories260k" ? file : SharedData.PathOf(file));
        CompilationResult compiled = Compilation.Compile(
            model,
            new()
            {
                Chip = ChipReader.Load("reference"),
                Format = "int8",
                Chips = chips,
                MaxSequences = 2,
                MaxTokensPerStep = 8,
                ContextLength = 128,
            }
        );
        Tape tape = compiled.Tape;
        Role given = Assert.Single(tape.Roles);
        Role role = TileMerger.Merge(given, tape.Envelope.Bounds)?.Role ?? given;
        using RoleMemory memory = new(role, tape.Envelope, compiled.Constants!);
        Step one = StepOf(1);
        Step three = StepOf(3);
        InstructionInstance[] ofOne = [.. Sequencer.Unroll(role, one.Sizes)];
        InstructionInstance[] ofThree = [.. Sequencer.Unroll(role, three.Sizes)];
        ViewTable tableOfOne = Assert.IsType<ViewTable>(ViewTable.For(role, ofOne));
        ViewTable tableOfThree = Assert.IsType<ViewTable>(ViewTable.For(role, ofThree));
        for (int turn = 0; turn < 3; turn++)
        {
            // Where an expert's rows lie changes from step to step.
            one.Counts.Set(0, Counts(turn, 1));
            three.Counts.Set(0, Counts(turn, 3));
            string[] expectedOfOne = Describe(one, ofOne, null, one);
            string[] expectedOfThree = Describe(three, ofThree, null, three);
            Assert.NotEqual(expectedOfOne, expectedOfThree);
            Assert.Equal(expectedOfOne, Describe(one, ofOne, tableOfOne, one));
            Assert.Equal(expectedOfThree, Describe(three, ofThree, tableOfThree, three));
            // What belongs to another step than the one that is executed is not looked up in its table.
            Assert.Equal(expectedOfOne, Describe(one, ofOne, tableOfThree, three));
        }

        string[] Describe(Step step, InstructionInstance[] instances, ViewTable? table, Step executed)
        {
            memory.Begin(executed, table);
            List<string> views = [];
            for (int rank = 0; rank < role.Ranks; rank++)
            {
                foreach (InstructionInstance instance in instances)
                {
                    ExecutionPoint point = new(role, rank, 0, instance, step, 0);
                    foreach (int descriptor in instance.Instruction.Reads.Concat(instance.Instruction.Writes))
                    {
                        MatrixView view = memory.View(point, descriptor);
                        views.Add(
                            $"{instance.Index} {rank} {descriptor}: {Address(view):x} {view.Layout} {view.Rows} {view.Columns} {view.RowStart} {view.ColumnStart}"
                        );
                    }
                }
            }
            return [.. views];
        }
    }

    /// <summary>All tokens with the same two experts.</summary>
    private static int[] Counts(int turn, int tokens) =>
        [.. Enumerable.Range(0, 4).Select(expert => expert == turn || expert == turn + 1 ? tokens : 0)];

    private static Step StepOf(int tokens) =>
        new()
        {
            Sequences = [new(0, tokens, 5, [0, 1])],
            Tokens = [.. Enumerable.Range(0, tokens).Select(t => new TokenRow(7, 5 + t, 0))],
            LogitRows = [new(tokens - 1, Sampler.Greedy)],
        };

    private static long Address(in MatrixView view) =>
        Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetReference(view.Bytes));
}
