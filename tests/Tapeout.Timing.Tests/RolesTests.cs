using CsCheck;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>
/// The invariants of a step over random tapes of several roles: each has a rank count, a program and a chip of its own, and they wait for
/// each other's messages in both directions.
/// </summary>
public sealed class RolesTests
{
    private static readonly int Cases = Environment.GetEnvironmentVariable("TAPEOUT_SLOW") == "2" ? 10_000 : 300;

    private static readonly Step Step = Predictor.StepShape(1, 1, 0, false);

    private static readonly ChipDescription[] Chips =
    [
        ChipReader.Load("reference", ["tiles=1x1"]),
        ChipReader.Load("reference", ["tiles=2x2", "memory[0].bandwidth=20GB/s", "links[0].bandwidth=3GB/s", "clock=700MHz"]),
        ChipReader.Load("ideal", ["tiles=2x4"]),
        ChipReader.Load("groq-lpu-v1", ["tiles=1x2"]),
        ChipReader.Load("reference", ["tiles=1x2", "links[0].count=1", "links[0].bandwidth=1GB/s"]),
    ];

    /// <summary>Ranks and chip of each role.</summary>
    private static readonly Gen<(int Ranks, int Chip)[]> GenRoles = Gen.Select(Gen.Int[1, 16], Gen.Int[0, Chips.Length - 1]).Array[2, 4];

    /// <summary>
    /// What happens in turn: an instruction of a role, or a message (Kind at least <see cref="DividedRole.Kinds"/>) from it to another.
    /// </summary>
    private static readonly Gen<(int Kind, int Role, int Other, int Rows, int Columns, int Algorithm, int Wait)[]> GenEvents = Gen.Select(
        Gen.Int[0, DividedRole.Kinds + 3],
        Gen.Int[0, 3],
        Gen.Int[1, 3],
        Gen.Int[1, 60],
        Gen.Int[1, 200],
        Gen.Int[0, 2],
        Gen.Int[0, 3]
    ).Array[2, 24];

    private static readonly Gen<Case> GenCase = Gen.Select(
        GenRoles,
        GenEvents,
        Gen.Bool,
        (roles, events, even) => new Case(roles, events, even)
    );

    /// <summary>A tape and the chips of its roles.</summary>
    private sealed record Case(
        (int Ranks, int Chip)[] Roles,
        (int Kind, int Role, int Other, int Rows, int Columns, int Algorithm, int Wait)[] Events,
        bool Even
    )
    {
        public ChipDescription[] ChipsOfRoles => [.. Roles.Select(r => Chips[r.Chip])];

        public Tape TapeOf(bool even, bool messages = true)
        {
            DividedRole[] roles = [.. Roles.Select(r => new DividedRole(Chips[r.Chip], r.Ranks, even))];
            foreach ((int kind, int role, int other, int rows, int columns, int algorithm, int wait) in Events)
            {
                int from = role % roles.Length;
                int to = (from + 1 + other % (roles.Length - 1)) % roles.Length;
                // All roles see events in one order, so that no two wait for each other.
                if (kind < DividedRole.Kinds)
                {
                    roles[from].Add(kind, rows, columns, algorithm, wait);
                }
                else if (messages)
                {
                    roles[from].Send(from * 4 + to, rows, columns, wait);
                    roles[to].Receive(from * 4 + to, rows, columns, algorithm);
                }
            }
            Tape[] tapes = [.. roles.Select(r => r.Build())];
            return tapes[0] with { Roles = [.. tapes.Select(t => t.Roles[0])] };
        }

        public Timeline Time(Tape tape, TimingOptions? options = null) => Timeline.Of(tape, ChipsOfRoles, Step, options);

        public override string ToString() => $"{string.Join(' ', Roles)}: {string.Join(' ', Events)}, {(Even ? "even" : "uneven")}";
    }

    [Fact]
    public void PartsSumToTheWhole() =>
        Gen.Select(GenCase, Gen.Bool)
            .Sample(
                (c, expands) =>
                {
                    Timeline timeline = c.Time(c.TapeOf(c.Even), new() { ExpandsRanks = expands });
                    return timeline.CriticalPath.Sum(e => e.Cycles.Count) == timeline.Makespan.Count
                        && timeline.CriticalPath.All(e => e.Cycles.Count > 0)
                        && timeline.RankMakespans.Max(r => r.Done) == timeline.Makespan
                        && timeline.RankMakespans.Count == (expands ? c.Roles.Sum(r => r.Ranks) : c.Roles.Length);
                },
                iter: Cases
            );

    /// <summary>
    /// Each execution starts in the cycle in which the last of what it waits for is over, found here from the streams alone: the one before on
    /// its engine, signals, the message of its number from the rank of its number (from the first where the sender has fewer), and for a
    /// collective what any of its ranks waits for.
    /// </summary>
    [Fact]
    public void EveryExecutionStartsWhenTheLastOfWhatItWaitsForIsOver() =>
        Gen.Select(GenCase, Gen.Bool)
            .Sample(
                (c, expands) =>
                {
                    Tape tape = c.TapeOf(c.Even);
                    Timeline timeline = c.Time(tape, new() { ExpandsRanks = expands });
                    Dictionary<(int Role, int Rank), TimelineEntry[]> lanes = timeline
                        .Entries.GroupBy(e => (e.Role, e.Rank))
                        .ToDictionary(g => g.Key, g => g.ToArray());
                    for (int role = 0; role < tape.Roles.Length; role++)
                    {
                        List<InstructionInstance> instances = [.. Sequencer.Unroll(tape.Roles[role], Step.Sizes)];
                        int[][] before = Sequencer.Predecessors(tape.Roles[role], instances);
                        int[] ranks = [.. Enumerable.Range(0, expands ? tape.Roles[role].Ranks : 1)];
                        long Ready(int i, int rank)
                        {
                            long at = 0;
                            foreach (int b in before[i])
                            {
                                bool engine = instances[b].Instruction.Engine == instances[i].Instruction.Engine;
                                bool together = IsCollective(instances[b].Instruction);
                                at = Math.Max(
                                    at,
                                    // A wait within an engine is for the release only, unless a token asks for the result as well.
                                    engine
                                        ? lanes[(role, rank)][b].Released
                                        : (together ? ranks : [rank]).Max(r => lanes[(role, r)][b].Done)
                                );
                                if (engine && instances[i].Instruction.Waits.Any(instances[b].Instruction.Signals.Contains))
                                    at = Math.Max(at, (together ? ranks : [rank]).Max(r => lanes[(role, r)][b].Done));
                            }
                            if (instances[i].Instruction is Receive receive)
                            {
                                int number = instances.Take(i).Count(x => x.Instruction is Receive r && r.Channel == receive.Channel);
                                int sender = receive.Channel / 4;
                                int from = rank < tape.Roles[sender].Ranks ? rank : 0;
                                at = Math.Max(
                                    at,
                                    lanes[(sender, expands ? from : 0)]
                                        .Where(e => e.Instruction is Send s && s.Channel == receive.Channel)
                                        .ElementAt(number)
                                        .Done
                                );
                            }
                            return at;
                        }
                        for (int i = 0; i < instances.Count; i++)
                        {
                            foreach (int rank in ranks)
                            {
                                long expected = IsCollective(instances[i].Instruction) ? ranks.Max(r => Ready(i, r)) : Ready(i, rank);
                                if (lanes[(role, rank)][i].Start != expected)
                                    return false;
                            }
                        }
                    }
                    return true;
                },
                iter: Cases
            );

    [Fact]
    public void TimeIsAtLeastEveryRoofline_AndBytesAreAtLeastThoseOfTheOperands() =>
        GenCase.Sample(
            c =>
            {
                Tape tape = c.TapeOf(even: true);
                Timeline timeline = c.Time(tape);
                StepTime time = timeline.Summary();
                double seconds = time.Duration.TotalSeconds;
                long memory = 0;
                long links = 0;
                for (int r = 0; r < tape.Roles.Length; r++)
                {
                    Role role = tape.Roles[r];
                    ChipDescription chip = c.ChipsOfRoles[r];
                    long fromMemory = 0;
                    long messages = 0;
                    double macs = 0;
                    foreach (Instruction instruction in role.Instructions)
                    {
                        foreach (int d in instruction.Reads.Union(instruction.Writes))
                        {
                            TapeBuffer buffer = role.Buffers[role.Descriptors[d].Buffer];
                            // Equal parts of all ranks: one rank has its share of the whole.
                            if (buffer.Space == Space.Dram)
                                fromMemory += Share(buffer, role.Ranks);
                        }
                        if (instruction is Send send)
                            messages += Share(role.Buffers[role.Descriptors[send.Source].Buffer], role.Ranks);
                        if (instruction is MatMul m)
                        {
                            TapeBuffer w = role.Buffers[role.Descriptors[m.W].Buffer];
                            macs += 3.0 * w.Rows.Total.Offset * w.Columns.Total.Offset / role.Ranks / role.Tiles;
                        }
                    }
                    double rate = chip.Matrix.MacsFor(ElementType.I8, ElementType.I8)!.Value.Count * (double)chip.Clock.Count;
                    double tolerance = 1 - 1e-9;
                    if (
                        (chip.Memory.Count > 0 && seconds < fromMemory / (double)chip.Memory[0].Bandwidth.Count * tolerance)
                        || seconds < messages / ((double)chip.Links[0].Bandwidth.Count * chip.Links[0].Count) * tolerance
                        || seconds < macs / rate * tolerance
                    )
                        return false;
                    memory += chip.Memory.Count > 0 ? fromMemory : 0;
                    links += messages;
                }
                return time.MemoryBytes.Count >= memory
                    && time.LinkBytes.Count >= links
                    && time.Busy.Values.All(b => b.Count <= time.Cycles.Count * tape.Roles.Length);
            },
            iter: Cases
        );

    [Fact]
    public void UnderAStaticOrder_MoreOfAnything_NeverLengthens() =>
        Gen.Select(GenCase, Gen.Enum<Resource>(), Gen.Int[1, 300], Gen.Bool)
            .Sample(
                (c, resource, percent, expands) =>
                {
                    Tape tape = c.TapeOf(c.Even);
                    Timeline timeline = c.Time(tape, new() { ExpandsRanks = expands });
                    TimingOptions more = new()
                    {
                        ExpandsRanks = expands,
                        Order = timeline.Order,
                        Increased = resource,
                        IncreasePercent = percent,
                    };
                    return c.Time(tape, more).Makespan <= timeline.Makespan;
                },
                iter: Cases
            );

    [Fact]
    public void TheOrderThatWasServed_GivesTheSameTimes() =>
        Gen.Select(GenCase, Gen.Bool)
            .Sample(
                (c, expands) =>
                {
                    Tape tape = c.TapeOf(c.Even);
                    Timeline timeline = c.Time(tape, new() { ExpandsRanks = expands });
                    Timeline again = c.Time(tape, new() { ExpandsRanks = expands, Order = timeline.Order });
                    return timeline.Entries.SequenceEqual(again.Entries);
                },
                iter: Cases
            );

    /// <summary>Roles without messages know nothing of each other: each takes what it takes alone.</summary>
    [Fact]
    public void RolesWithoutMessages_TakeWhatEachTakesAlone() =>
        GenCase.Sample(
            c =>
            {
                Tape tape = c.TapeOf(c.Even, messages: false);
                ChipDescription[] chips = [.. c.Roles.Select(_ => Chips[c.Roles[0].Chip])];
                TimelineEntry[] together = [.. Timeline.Of(tape, chips, Step).Entries];
                for (int r = 0; r < tape.Roles.Length; r++)
                {
                    Timeline alone = Timeline.Of(tape with { Roles = [tape.Roles[r]] }, [chips[r]], Step);
                    if (!together.Where(e => e.Role == r).Select(e => e with { Role = 0 }).SequenceEqual(alone.Entries))
                        return false;
                }
                return true;
            },
            iter: Cases
        );

    [Fact]
    public void RanksTogether_OfEqualParts_DoWhatTheFirstOfTheirRoleDoes() =>
        Gen.Select(GenCase, Gen.Bool)
            .Sample(
                (c, ordered) =>
                {
                    Tape tape = c.TapeOf(even: true);
                    Timeline folded = c.Time(tape);
                    Timeline together = c.Time(tape, new() { ExpandsRanks = true, Order = ordered ? folded.Order : null });
                    return together.Makespan == folded.Makespan
                        && together
                            .Entries.GroupBy(e => (e.Role, e.Rank))
                            .All(lane =>
                                lane.Select(e => e with { Rank = 0 }).SequenceEqual(folded.Entries.Where(e => e.Role == lane.Key.Role))
                            );
                },
                iter: Cases
            );

    /// <summary>Rank 0, whose parts none exceeds, does the same among all ranks; no other rank is later than it.</summary>
    [Fact]
    public void RanksTogether_OfUnequalParts_AreNoLaterThanTheFirstOfTheirRole() =>
        GenCase.Sample(
            c =>
            {
                Tape tape = c.TapeOf(even: false);
                Timeline folded = c.Time(tape);
                Timeline together = c.Time(tape, new() { ExpandsRanks = true, Order = folded.Order });
                foreach (IGrouping<(int Role, int Rank), TimelineEntry> lane in together.Entries.GroupBy(e => (e.Role, e.Rank)))
                {
                    foreach ((TimelineEntry mine, TimelineEntry first) in lane.Zip(folded.Entries.Where(e => e.Role == lane.Key.Role)))
                    {
                        if (lane.Key.Rank == 0 ? mine != first : mine.Start > first.Start || mine.Done > first.Done)
                            return false;
                    }
                }
                return together.Makespan == folded.Makespan;
            },
            iter: Cases
        );

    [Fact]
    public void Work_OfAllRoles_IsTheSumOfEachRankOfEach() =>
        GenCase.Sample(
            c =>
            {
                Tape tape = c.TapeOf(c.Even);
                ChipDescription chip = c.ChipsOfRoles[0];
                Dictionary<(int, int, WorkItem), Int128> sum = [];
                for (int rank = 0; rank < c.Roles.Max(r => r.Ranks); rank++)
                {
                    foreach (WorkLine line in StepWork.Of(tape, chip, Step, null, rank).Lines)
                    {
                        (int, int, WorkItem) key = (line.Role, line.ProgramCounter, line.Item);
                        if (rank < tape.Roles[line.Role].Ranks)
                            sum[key] = sum.GetValueOrDefault(key) + line.Count;
                    }
                }
                StepWork all = StepWork.Of(tape, chip, Step);
                return all.Lines.Count == sum.Count && all.Lines.All(l => sum[(l.Role, l.ProgramCounter, l.Item)] == l.Count);
            },
            iter: Cases
        );

    private static bool IsCollective(Instruction instruction) =>
        instruction switch
        {
            Exchange e => e.Group != Group.Tiles,
            Reduce r => r.Group != Group.Tiles,
            AllToAll => true,
            ReduceScatter => true,
            _ => false,
        };

    private static long Share(TapeBuffer buffer, int ranks) => buffer.Layout(HandTape.Envelope.Bounds).Bytes / ranks;
}
