using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Machine.Tests;

public class FaultTests
{
    [Fact]
    public void Region_OutsideHeldPart_NamesInstructionAndBuffer()
    {
        TapeBuilder tape = new();
        int table = tape.Constant("table", NumberFormat.F32, TapeBuilder.All(4), TapeBuilder.All(8));
        int target = tape.Buffer("target", NumberFormat.F32, TapeBuilder.All(4), TapeBuilder.All(8));
        tape.Add(
            new Copy
            {
                Source = tape.Region(table, TapeBuilder.All(5)),
                Destination = tape.Region(target),
                Multicast = false,
            }
        );
        using ReferenceMachine machine = tape.Machine(("table", TapeBuilder.Pack(NumberFormat.F32, new float[32], 4)));
        TapeFaultException fault = Assert.Throws<TapeFaultException>(() => machine.Execute(TapeBuilder.Step((0, 1))));
        Assert.Equal("table", fault.Buffer);
        Assert.IsType<Copy>(fault.Instruction);
    }

    [Fact]
    public void Constant_OfAnotherFormat_IsRefused()
    {
        TapeBuilder tape = new();
        int table = tape.Constant("table", NumberFormat.F16, TapeBuilder.All(4), TapeBuilder.All(8));
        int target = tape.Buffer("target", NumberFormat.F32, TapeBuilder.All(4), TapeBuilder.All(8));
        tape.Add(new Dequantise { Source = tape.Region(table), Destination = tape.Region(target) });
        Assert.Throws<TapeFaultException>(() => tape.Machine(("table", TapeBuilder.Pack(NumberFormat.F32, new float[32], 4))));
    }

    [Theory]
    [InlineData(BinaryFunction.Add)]
    [InlineData(BinaryFunction.Multiply)]
    public void Binary_Overflow_NamesOperatorAndLayer(BinaryFunction function)
    {
        TapeBuilder tape = new();
        int table = tape.Constant("table", NumberFormat.F32, TapeBuilder.All(1), TapeBuilder.All(2));
        int target = tape.Buffer("target", NumberFormat.F32, TapeBuilder.All(1), TapeBuilder.All(2));
        tape.Add(
            new Binary
            {
                Left = tape.Region(table),
                Right = tape.Region(table),
                Destination = tape.Region(target),
                Function = function,
            }
        );
        using ReferenceMachine machine = tape.Machine(("table", TapeBuilder.Pack(NumberFormat.F32, [1f, float.MaxValue], 1)));
        InvalidInputException trap = Assert.Throws<InvalidInputException>(() => machine.Execute(TapeBuilder.Step((0, 1))));
        Assert.Contains("'block' of layer 3", trap.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_LargerThanEnvelope_IsRefused()
    {
        using ReferenceMachine machine = new TapeBuilder().Machine();
        Assert.Throws<InvalidInputException>(() => machine.Execute(TapeBuilder.Step((0, 17))));
    }

    [Fact]
    public void TopologicalOrder_Random_KeepsPredecessorsAndVaries()
    {
        int[][] before =
        [
            [],
            [0],
            [0],
            [1, 2],
            [],
            [4],
            [5, 3],
        ];
        HashSet<string> orders = [];
        for (int seed = 0; seed < 50; seed++)
        {
            int[] order = TopologicalOrder.Random(before, seed);
            Assert.Equal(Enumerable.Range(0, 7), order.Order());
            for (int i = 0; i < 7; i++)
                Assert.All(before[i], b => Assert.True(Array.IndexOf(order, b) < Array.IndexOf(order, i)));
            orders.Add(string.Join(',', order));
        }
        Assert.InRange(orders.Count, 5, 50);
        Assert.Throws<InvalidOperationException>(() =>
            TopologicalOrder.Random(
                [
                    [1],
                    [0],
                ],
                0
            )
        );
    }

    [Fact]
    public void Observer_SeesOperandsBeforeAndResultsAfter()
    {
        TapeBuilder tape = new();
        int x = tape.Region(tape.Constant("x", NumberFormat.F32, TapeBuilder.All(1), TapeBuilder.All(2)));
        tape.Add(
            new Unary
            {
                Source = x,
                Destination = x,
                Function = UnaryFunction.Scale,
                Parameter = 3f,
            }
        );
        using ReferenceMachine machine = tape.Machine(("x", TapeBuilder.Pack(NumberFormat.F32, [1f, 2f], 1)));
        Recorder recorder = new(machine, x);
        machine.Observer = recorder;
        machine.Execute(TapeBuilder.Step((0, 1)));
        Assert.Equal(["1,2", "3,6"], recorder.Seen);
    }

    private sealed class Recorder(ReferenceMachine machine, int region) : IExecutionObserver
    {
        public List<string> Seen { get; } = [];

        public void Executing(in ExecutionPoint point) => Record(point);

        public void Executed(in ExecutionPoint point) => Record(point);

        private void Record(in ExecutionPoint point)
        {
            if (point.Instance.Instruction is Unary)
                Seen.Add(string.Join(',', machine.ReadFloats(point, region)));
        }
    }
}
