using System.Collections.Immutable;
using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Tests;

public class OrderTests
{
    /// <summary>Four chunks stream through two slots: copy on the DMA engine, doubling on the vector engine, tokens between them.</summary>
    private static (ReferenceMachine Machine, int Result) DoubleBuffered(bool slotsGuarded)
    {
        TapeBuilder tape = new();
        Axis chunk = new(32) { LoopStep = 8 };
        int table = tape.Constant("table", NumberFormat.F32, TapeBuilder.All(4), TapeBuilder.All(32), Space.Dram);
        int slots = tape.Buffer("slots", NumberFormat.F32, TapeBuilder.All(4), chunk, BufferKind.Staging);
        int result = tape.Region(tape.Buffer("result", NumberFormat.F32, TapeBuilder.All(4), TapeBuilder.All(32)));
        int staged = tape.Region(slots);
        tape.Add(
            new Loop { Level = 0, Count = SizeExpression.Of(4) },
            new Copy
            {
                Source = tape.Region(table, null, chunk),
                Destination = staged,
                Multicast = false,
                Signals = [0],
                Waits = slotsGuarded ? [1] : [],
            },
            new Binary
            {
                Left = staged,
                Right = staged,
                Destination = tape.Region(slots + 1, null, chunk),
                Function = BinaryFunction.Add,
                Waits = [0],
                Signals = slotsGuarded ? [1] : [],
            },
            new End { Level = 0 }
        );
        Role role = tape.Role();
        TapeBuffer twoSlots = role.Buffers[slots] with { Slots = 2 };
        long shift = twoSlots.SlotBytes(TapeBuilder.Envelope.Bounds);
        TapeBuffer moved = role.Buffers[slots + 1] with { Address = role.Buffers[slots + 1].Address + shift };
        ImmutableArray<DependencyToken> tokens = [new(Engine.Dma, Engine.Vector, 0), new(Engine.Vector, Engine.Dma, 2)];
        role = role with { Buffers = role.Buffers.SetItem(slots, twoSlots).SetItem(slots + 1, moved), Tokens = tokens };
        return (new(TapeBuilder.Tape(role), new Table()), result);
    }

    private static float[] RunInRandomOrder(bool slotsGuarded, int seed)
    {
        (ReferenceMachine machine, int result) = DoubleBuffered(slotsGuarded);
        using (machine)
        {
            Step step = TapeBuilder.Step((0, 1));
            machine.Execute(step, (role, instances) => TopologicalOrder.Random(Sequencer.Predecessors(role, instances), seed));
            return machine.Floats(step, result);
        }
    }

    [Fact]
    public void Execute_RandomOrdersOfGuardedSlots_SameBits()
    {
        float[] expected = [.. Table.Values.Select(value => value + value)];
        for (int seed = 0; seed < 30; seed++)
            Assert.Equal(expected, RunInRandomOrder(slotsGuarded: true, seed));
    }

    [Fact]
    public void Execute_RandomOrdersOfUnguardedSlots_SomeDiffer()
    {
        float[] expected = [.. Table.Values.Select(value => value + value)];
        Assert.Contains(Enumerable.Range(0, 30), seed => !expected.SequenceEqual(RunInRandomOrder(slotsGuarded: false, seed)));
    }

    private sealed class Table : IConstantSource
    {
        public static float[] Values { get; } = TapeBuilder.Random(30, 4 * 32);

        public PackedTensor Tensor(string name, int index) => TapeBuilder.Pack(NumberFormat.F32, Values, 4);
    }
}
