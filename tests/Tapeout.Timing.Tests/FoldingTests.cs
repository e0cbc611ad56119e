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
        ChipReader.Load("reference", ["tiles=1x2", "links[0].count=1", "links[0].bandwidth=1GB/s"]),
    ];

    private static readonly Gen<(int Kind, int Rows, int Columns, int Algorithm, int Wait)[]> GenProgram = Gen.Select(
        Gen.Int[0, 7],
        Gen.Int[1, 200],
        Gen.Int[1, 200],
        Gen.Int[0, 2],
        Gen.Int[0, 3]
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
    public void RanksTogether_OfEqualParts_DoWhatTheFirstDoesAlone() =>
        Gen.Select(GenProgram, Gen.Int[1, 64], Gen.Int[0, Chips.Length - 1], Gen.Bool)
            .Sample(
                (program, ranks, c, ordered) =>
                {
                    Tape tape = Divided(program, ranks, Chips[c], even: true);
                    Timeline folded = HandTape.Time(tape, Chips[c]);
                    Timeline together = HandTape.Time(tape, Chips[c], new() { ExpandsRanks = true, Order = ordered ? folded.Order : null });
                    return together.Count == folded.Count * ranks
                        && together.Makespan == folded.Makespan
                        && OfRanks(together).All(rank => rank.SequenceEqual(folded.Entries));
                },
                iter: Cases
            );

    [Fact]
    public void RanksTogether_OfUnequalParts_LieBetweenEachAloneAndTheFirst() =>
        Gen.Select(GenProgram, Gen.Int[2, 64], Gen.Int[0, Chips.Length - 1])
            .Sample(
                (program, ranks, c) =>
                {
                    Tape tape = Divided(program, ranks, Chips[c], even: false);
                    Timeline folded = HandTape.Time(tape, Chips[c]);
                    Timeline together = HandTape.Time(tape, Chips[c], new() { ExpandsRanks = true, Order = folded.Order });
                    TimelineEntry[] first = [.. folded.Entries];
                    foreach ((TimelineEntry[] entries, int rank) in OfRanks(together).Select((e, rank) => (e.ToArray(), rank)))
                    {
                        bool isLater = entries.Zip(first).Any(p => p.First.Start > p.Second.Start || p.First.Done > p.Second.Done);
                        Timeline alone = HandTape.Time(tape, Chips[c], new() { Rank = rank, Order = folded.Order });
                        bool isEarlier = entries
                            .Zip(alone.Entries)
                            .Any(p => p.First.Start < p.Second.Start || p.First.Done < p.Second.Done);
                        if (isLater || isEarlier || together.RankMakespans[rank].Done.Count != entries.Max(e => e.Done))
                            return false;
                    }
                    return together.Makespan == folded.Makespan;
                },
                iter: Cases
            );

    [Fact]
    public void Exchange_BeginsWhenTheLastHasArrived_AndEndsWhenTheSlowestHas()
    {
        HandTape tape = new(ranks: 2);
        // Three rows in steps of two: the first rank has two of them, the second one.
        int part = tape.Region(NumberFormat.F32, new Axis(3) { RankStep = 2 }, new Axis(4096));
        int whole = tape.Region(NumberFormat.F32, 3, 4096);
        int made = tape.Token(Engine.Vector, Engine.Link);
        int gathered = tape.Token(Engine.Link, Engine.Vector);
        Binary add = new()
        {
            Left = part,
            Right = part,
            Destination = part,
            Function = BinaryFunction.Add,
        };
        tape.Add(add with { Signals = [made] });
        tape.Add(
            new Exchange
            {
                Source = part,
                Destination = whole,
                Group = Group.Ranks,
                Algorithm = Isa.CollectiveAlgorithm.Ring,
                LinkClass = 0,
                Engine = Engine.Link,
                Waits = [made],
                Signals = [gathered],
            }
        );
        tape.Add(add with { Waits = [gathered] });
        Timeline timeline = HandTape.Time(tape.Build(), HandTape.Plain(), new() { ExpandsRanks = true });
        TimelineEntry[] first = [.. timeline.Entries.Where(e => e.Rank == 0)];
        TimelineEntry[] second = [.. timeline.Entries.Where(e => e.Rank == 1)];
        Assert.True(second[0].Done < first[0].Done);
        Assert.Equal(first[0].Done, first[1].Start);
        Assert.Equal(first[0].Done, second[1].Start);
        Assert.True(second[1].Done < first[1].Done);
        Assert.Equal(first[1].Done, first[2].Start);
        Assert.Equal(first[1].Done, second[2].Start);
        Assert.Equal(timeline.Makespan.Count, timeline.CriticalPath.Sum(e => e.Cycles.Count));
    }

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

    /// <summary>The executions of each rank, as those of a rank that stands for all.</summary>
    private static IEnumerable<IEnumerable<TimelineEntry>> OfRanks(Timeline timeline) =>
        timeline.Entries.GroupBy(e => e.Rank).Select(g => g.Select(e => e with { Rank = 0 }));

    private static Tape Divided(
        (int Kind, int Rows, int Columns, int Algorithm, int Wait)[] program,
        int ranks,
        ChipDescription chip,
        bool even
    )
    {
        DividedRole role = new(chip, ranks, even);
        foreach ((int kind, int rows, int columns, int algorithm, int wait) in program)
            role.Add(kind, rows, columns, algorithm, wait);
        return role.Build();
    }
}
