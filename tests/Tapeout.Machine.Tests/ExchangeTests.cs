using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Tests;

public class ExchangeTests
{
    [Theory]
    [InlineData(Group.Tiles)]
    [InlineData(Group.All)]
    public void Exchange_QuantisedParts_WholeAtEveryMember(Group group)
    {
        const int Columns = 256;
        int ranks = group == Group.All ? 2 : 1;
        TapeBuilder tape = new(ranks: ranks, tiles: 3);
        Axis part = group == Group.All ? new(Columns) { RankStep = 128, TileStep = 64 } : new(Columns) { TileStep = 96 };
        int table = tape.Constant("table", NumberFormat.F32, TapeBuilder.All(16), part);
        int source = tape.Buffer("part", NumberFormat.Int8Group(32), TapeBuilder.Tokens(), part);
        int maximum = tape.Buffer("whole", NumberFormat.Int8Group(32), TapeBuilder.Tokens(), TapeBuilder.All(Columns));
        int result = tape.Buffer("result", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(Columns));
        int done = tape.Region(result);
        int whole = tape.Region(maximum);
        tape.Add(
            new Quantise { Source = tape.Region(table, TapeBuilder.Tokens()), Destination = tape.Region(source) },
            new Exchange
            {
                Source = tape.Region(source),
                Destination = whole,
                Group = group,
                Algorithm = CollectiveAlgorithm.Ring,
                LinkClass = 0,
            },
            new Dequantise { Source = whole, Destination = done }
        );
        float[] values = TapeBuilder.Random(8, 16 * Columns);
        using ReferenceMachine machine = tape.Machine(("table", TapeBuilder.Pack(NumberFormat.F32, values, 16)));
        Step step = TapeBuilder.Step((0, 5));
        machine.Execute(step);
        float[] expected = new float[5 * Columns];
        TensorCodec.Dequantise(
            NumberFormat.Int8Group(32),
            TapeBuilder.Pack(NumberFormat.Int8Group(32), values[..(5 * Columns)], 5).Bytes.Span,
            5,
            Columns,
            expected
        );
        for (int rank = 0; rank < ranks; rank++)
        {
            for (int tile = 0; tile < 3; tile++)
                Assert.Equal(expected, machine.Floats(step, done, rank, tile));
        }
    }

    [Fact]
    public void Quantise_RowSpreadOverTiles_SameBitsAsWhole()
    {
        const int Columns = 96;
        TapeBuilder tape = new(tiles: 3);
        Axis part = new(Columns) { TileStep = 32 };
        int table = tape.Constant("table", NumberFormat.F32, TapeBuilder.All(16), part);
        int maximum = tape.Buffer("maximum", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(1));
        int packed = tape.Buffer("packed", NumberFormat.Int8Row, TapeBuilder.Tokens(), part);
        int result = tape.Buffer("result", NumberFormat.F32, TapeBuilder.Tokens(), part);
        int largest = tape.Region(maximum);
        int source = tape.Region(table, TapeBuilder.Tokens());
        int done = tape.Region(result);
        tape.Add(
            new AbsMax { Source = source, Destination = largest },
            new Reduce
            {
                Source = largest,
                Destination = largest,
                Group = Group.Tiles,
                Operation = ReduceOperation.Maximum,
                Algorithm = CollectiveAlgorithm.Tree,
                LinkClass = 0,
            },
            new Quantise
            {
                Source = source,
                AbsoluteMaximum = largest,
                Destination = tape.Region(packed),
            },
            new Dequantise { Source = tape.Region(packed), Destination = done }
        );
        float[] values = TapeBuilder.Random(9, 16 * Columns);
        using ReferenceMachine machine = tape.Machine(("table", TapeBuilder.Pack(NumberFormat.F32, values, 16)));
        Step step = TapeBuilder.Step((0, 2));
        machine.Execute(step);
        float[] expected = new float[2 * Columns];
        TensorCodec.Dequantise(
            NumberFormat.Int8Row,
            TapeBuilder.Pack(NumberFormat.Int8Row, values[..(2 * Columns)], 2).Bytes.Span,
            2,
            Columns,
            expected
        );
        for (int tile = 0; tile < 3; tile++)
        {
            float[] part0 = [.. expected[(tile * 32)..(tile * 32 + 32)], .. expected[(Columns + tile * 32)..(Columns + tile * 32 + 32)]];
            Assert.Equal(part0, machine.Floats(step, done, 0, tile));
        }
    }

    /// <summary>A matrix cut by columns is cut by rows after it, with scales; over tiles, ranks and both.</summary>
    [Theory]
    [InlineData(Group.Tiles)]
    [InlineData(Group.Ranks)]
    [InlineData(Group.All)]
    public void AllToAll_CutsByRowsWhatWasCutByColumns(Group group)
    {
        const int Rows = 8;
        const int Columns = 256;
        int ranks = group == Group.Tiles ? 1 : 2;
        int tiles = group == Group.Ranks ? 1 : 2;
        TapeBuilder tape = new(ranks: ranks, tiles: tiles);
        int members = ranks * tiles;
        Axis Cut(int length) => new(length) { RankStep = ranks > 1 ? length / ranks : 0, TileStep = tiles > 1 ? length / members : 0 };
        NumberFormat format = NumberFormat.Int8Group(32);
        int table = tape.Constant("table", NumberFormat.F32, TapeBuilder.All(Rows), Cut(Columns));
        int columns = tape.Buffer("columns", format, TapeBuilder.All(Rows), Cut(Columns));
        int rows = tape.Buffer("rows", format, Cut(Rows), TapeBuilder.All(Columns));
        int result = tape.Buffer("result", NumberFormat.F32, Cut(Rows), TapeBuilder.All(Columns));
        int done = tape.Region(result);
        tape.Add(
            new Quantise { Source = tape.Region(table), Destination = tape.Region(columns) },
            new AllToAll
            {
                Source = tape.Region(columns),
                Destination = tape.Region(rows),
                Group = group,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            },
            new Dequantise { Source = tape.Region(rows), Destination = done }
        );
        float[] values = TapeBuilder.Random(11, Rows * Columns);
        using ReferenceMachine machine = tape.Machine(("table", TapeBuilder.Pack(NumberFormat.F32, values, Rows)));
        Step step = TapeBuilder.Step((0, 1));
        machine.Execute(step);
        float[] whole = new float[Rows * Columns];
        TensorCodec.Dequantise(format, TapeBuilder.Pack(format, values, Rows).Bytes.Span, Rows, Columns, whole);
        int share = Rows / members;
        for (int rank = 0; rank < ranks; rank++)
        {
            for (int tile = 0; tile < tiles; tile++)
            {
                int first = (rank * tiles + tile) * share;
                Assert.Equal(whole[(first * Columns)..((first + share) * Columns)], machine.Floats(step, done, rank, tile));
            }
        }
    }

    /// <summary>Reduce-scatter is the part of an all-reduce that a member keeps, bit for bit.</summary>
    [Theory]
    [InlineData(ReduceOperation.SumNodes)]
    [InlineData(ReduceOperation.Maximum)]
    public void ReduceScatter_IsEachMembersPartOfAllReduce(ReduceOperation operation)
    {
        TapeBuilder tape = new(ranks: 4);
        int table = tape.Constant("table", NumberFormat.F32, TapeBuilder.All(8), new(64) { RankStep = 16 });
        int held = tape.Buffer("held", NumberFormat.F32, TapeBuilder.All(8), TapeBuilder.All(16));
        int part = tape.Buffer("part", NumberFormat.F32, new(8) { RankStep = 2 }, TapeBuilder.All(16));
        int all = tape.Buffer("all", NumberFormat.F32, TapeBuilder.All(8), TapeBuilder.All(16));
        int source = tape.Region(held);
        int scattered = tape.Region(part);
        int whole = tape.Region(all);
        tape.Add(
            new Copy
            {
                Source = tape.Region(table),
                Destination = source,
                Multicast = false,
            },
            new ReduceScatter
            {
                Source = source,
                Destination = scattered,
                Group = Group.Ranks,
                Operation = operation,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            },
            new Reduce
            {
                Source = source,
                Destination = whole,
                Group = Group.Ranks,
                Operation = operation,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            }
        );
        float[] values = TapeBuilder.Random(12, 8 * 64);
        using ReferenceMachine machine = tape.Machine(("table", TapeBuilder.Pack(NumberFormat.F32, values, 8)));
        Step step = TapeBuilder.Step((0, 1));
        machine.Execute(step);
        for (int rank = 0; rank < 4; rank++)
            Assert.Equal(machine.Floats(step, whole, rank, 0)[(rank * 32)..((rank + 1) * 32)], machine.Floats(step, scattered, rank, 0));
    }

    [Fact]
    public void Reduce_SumNodes_IsTheTreeOfMembers()
    {
        TapeBuilder tape = new(ranks: 4);
        int table = tape.Constant("table", NumberFormat.F32, TapeBuilder.All(4), new(64) { RankStep = 16 });
        int sum = tape.Buffer("sum", NumberFormat.F32, TapeBuilder.All(4), TapeBuilder.All(16));
        int done = tape.Region(sum);
        tape.Add(
            new Copy
            {
                Source = tape.Region(table),
                Destination = done,
                Multicast = false,
            },
            new Reduce
            {
                Source = done,
                Destination = done,
                Group = Group.Ranks,
                Operation = ReduceOperation.SumNodes,
                Algorithm = CollectiveAlgorithm.Butterfly,
                LinkClass = 0,
            }
        );
        float[] values = TapeBuilder.Random(10, 4 * 64);
        using ReferenceMachine machine = tape.Machine(("table", TapeBuilder.Pack(NumberFormat.F32, values, 4)));
        Step step = TapeBuilder.Step((0, 1));
        machine.Execute(step);
        float[] expected = new float[64];
        for (int i = 0; i < 64; i++)
        {
            ReadOnlySpan<float> row = values.AsSpan(i / 16 * 64 + i % 16);
            expected[i] = row[0] + row[16] + (row[32] + row[48]);
        }
        for (int rank = 0; rank < 4; rank++)
            Assert.Equal(TapeBuilder.Bits(expected), TapeBuilder.Bits(machine.Floats(step, done, rank)));
    }

    [Fact]
    public void Receive_ComesBeforeSendInStream_RolesTakeTurns()
    {
        (Tape tape, int answer) = Pipeline(sends: true);
        using ReferenceMachine machine = new(tape, new OneTable());
        Step step = TapeBuilder.Step((0, 3));
        machine.Execute(step);
        float[] values = TapeBuilder.Random(11, 16 * 8);
        Assert.Equal(values[..24].Select(value => value * 2f * 2f), machine.Floats(step, answer));
    }

    [Fact]
    public void Receive_WithoutSend_Faults()
    {
        (Tape tape, _) = Pipeline(sends: false);
        using ReferenceMachine machine = new(tape, new OneTable());
        TapeFaultException fault = Assert.Throws<TapeFaultException>(() => machine.Execute(TapeBuilder.Step((0, 3))));
        Assert.Contains("'first'", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>The first role sends to the second, which doubles and sends back.</summary>
    private static (Tape Tape, int Answer) Pipeline(bool sends)
    {
        TapeBuilder first = new("first");
        int table = first.Constant("table", NumberFormat.F32, TapeBuilder.All(16), TapeBuilder.All(8));
        int back = first.Buffer("back", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(8));
        int answer = first.Region(back);
        first.Add(
            new Send
            {
                Source = first.Region(table, TapeBuilder.Tokens()),
                Channel = 1,
                LinkClass = 0,
            },
            new Receive
            {
                Destination = answer,
                Channel = 2,
                LinkClass = 0,
            },
            Double(answer)
        );
        TapeBuilder second = new("second");
        int data = second.Region(second.Buffer("data", NumberFormat.F32, TapeBuilder.Tokens(), TapeBuilder.All(8)));
        second.Add(
            new Receive
            {
                Destination = data,
                Channel = 1,
                LinkClass = 0,
            },
            Double(data)
        );
        if (sends)
        {
            second.Add(
                new Send
                {
                    Source = data,
                    Channel = 2,
                    LinkClass = 0,
                }
            );
        }
        return (TapeBuilder.Tape(first.Role(), second.Role()), answer);
    }

    private static Unary Double(int region) =>
        new()
        {
            Source = region,
            Destination = region,
            Function = UnaryFunction.Scale,
            Parameter = 2f,
        };

    private sealed class OneTable : IConstantSource
    {
        public PackedTensor Tensor(string name, int index) => TapeBuilder.Pack(NumberFormat.F32, TapeBuilder.Random(11, 16 * 8), 16);
    }
}
