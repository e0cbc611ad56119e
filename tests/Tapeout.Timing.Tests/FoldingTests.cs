using CsCheck;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>One rank stands for all: expanding the ranks of random topologies gives what folding them gives.</summary>
public sealed class FoldingTests
{
    private static readonly int Cases = Environment.GetEnvironmentVariable("TAPEOUT_SLOW") == "2" ? 10_000 : 300;

    private static readonly ChipDescription[] Chips =
    [
        ChipReader.Load("reference", ["tiles=1x1"]),
        ChipReader.Load("reference", ["tiles=2x2", "memory[0].bandwidth=20GB/s", "links[0].bandwidth=3GB/s"]),
        ChipReader.Load("ideal", ["tiles=2x4"]),
        ChipReader.Load("groq-lpu-v1", ["tiles=1x2"]),
    ];

    private static readonly Isa.CollectiveAlgorithm[] Algorithms =
    [
        Isa.CollectiveAlgorithm.Butterfly,
        Isa.CollectiveAlgorithm.Tree,
        Isa.CollectiveAlgorithm.InNetwork,
    ];

    private static readonly Gen<(int Kind, int Rows, int Columns, int Algorithm)[]> GenProgram = Gen.Select(
        Gen.Int[0, 5],
        Gen.Int[1, 200],
        Gen.Int[1, 200],
        Gen.Int[0, 2]
    ).Array[1, 12];

    [Fact]
    public void EveryRank_TakesNoLongerThanTheFirst_AndAsLongWherePartsAreEqual() =>
        Gen.Select(GenProgram, Gen.Int[1, 64], Gen.Int[0, Chips.Length - 1], Gen.Bool)
            .Sample(
                (program, ranks, c, even) =>
                {
                    ChipDescription chip = Chips[c];
                    Tape tape = Divided(program, ranks, chip, even);
                    Timeline folded = HandTape.Time(tape, chip);
                    for (int rank = 1; rank < ranks; rank++)
                    {
                        Timeline other = HandTape.Time(tape, chip, new() { Rank = rank, Order = folded.Order });
                        if (even ? !other.Entries.SequenceEqual(folded.Entries) : other.Makespan > folded.Makespan)
                            return false;
                    }
                    return true;
                },
                iter: Cases
            );

    [Fact]
    public void Work_OfAllRanks_IsTheSumOfEach() =>
        Gen.Select(GenProgram, Gen.Int[1, 64], Gen.Int[0, Chips.Length - 1], Gen.Bool)
            .Sample(
                (program, ranks, c, even) =>
                {
                    Tape tape = Divided(program, ranks, Chips[c], even);
                    Step step = Predictor.StepShape(1, 1, 0, false);
                    Dictionary<(int, WorkItem), Int128> sum = [];
                    for (int rank = 0; rank < ranks; rank++)
                    {
                        foreach (WorkLine line in StepWork.Of(tape, Chips[c], step, null, rank).Lines)
                            sum[(line.ProgramCounter, line.Item)] = sum.GetValueOrDefault((line.ProgramCounter, line.Item)) + line.Count;
                    }
                    StepWork folded = StepWork.Of(tape, Chips[c], step);
                    return folded.Lines.Count == sum.Count && folded.Lines.All(l => sum[(l.ProgramCounter, l.Item)] == l.Count);
                },
                iter: Cases
            );

    /// <summary>Copies, products, vector work and collectives over ranges that ranks divide, and tiles where there are several.</summary>
    private static Tape Divided((int Kind, int Rows, int Columns, int Algorithm)[] program, int ranks, ChipDescription chip, bool even)
    {
        int tiles = chip.Tiles.Count;
        HandTape tape = new(tiles, ranks);
        Space far = chip.Memory.Count > 0 ? Space.Dram : Space.Sram;
        Axis Part(int length)
        {
            int total = even ? length * ranks * tiles : length;
            int step = (total + ranks - 1) / ranks;
            return new Axis(total) { RankStep = step, TileStep = (step + tiles - 1) / tiles };
        }
        int Region(Axis rows, int columns, Space space = Space.Sram, BufferKind kind = BufferKind.Activation) =>
            tape.Region(NumberFormat.F32, rows, new Axis(columns), space, kind);
        foreach ((int kind, int rows, int columns, int algorithm) in program)
        {
            Axis part = Part(rows);
            tape.Add(
                kind switch
                {
                    0 => new Copy
                    {
                        Source = Region(part, columns, far, BufferKind.Constant),
                        Destination = Region(part, columns),
                        Multicast = false,
                    },
                    1 => tape.Product(
                        tape.Region(NumberFormat.Int8Row, 3, columns),
                        tape.Region(NumberFormat.Int8Row, part, new Axis(columns), far, BufferKind.Constant),
                        tape.Region(NumberFormat.F32, new Axis(3), part)
                    ),
                    2 => new Binary
                    {
                        Left = Region(part, columns),
                        Right = Region(part, columns),
                        Destination = Region(part, columns),
                        Function = BinaryFunction.Add,
                    },
                    3 => new Exchange
                    {
                        Source = Region(part, columns),
                        Destination = Region(new Axis(part.Total.Offset), columns),
                        Group = algorithm == 0 ? Group.Ranks : Group.All,
                        Algorithm = algorithm == 1 ? Isa.CollectiveAlgorithm.Ring : Isa.CollectiveAlgorithm.Direct,
                        LinkClass = 0,
                    },
                    _ => new Reduce
                    {
                        Source = Region(new Axis(rows), columns),
                        Destination = Region(new Axis(rows), columns),
                        Group = Group.Ranks,
                        Operation = ReduceOperation.SumNodes,
                        Algorithm = Algorithms[algorithm],
                        LinkClass = 0,
                        Engine = kind == 4 ? Engine.Link : Engine.Network,
                    },
                }
            );
        }
        return tape.Build();
    }
}
