using CsCheck;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>What must hold for every tape and chip, over random small ones.</summary>
public sealed class InvariantTests
{
    /// <summary>Cases of each test: 500, or the ten thousand that TAPEOUT_SLOW=2 asks for.</summary>
    private static readonly int Cases = Environment.GetEnvironmentVariable("TAPEOUT_SLOW") == "2" ? 10_000 : 500;

    private static readonly Gen<(int Kind, int Rows, int Columns, int Wait)> GenInstruction = Gen.Select(
        Gen.Int[0, 6],
        Gen.Int[1, 96],
        Gen.Int[1, 300],
        Gen.Int[0, 6]
    );

    private static readonly Gen<(int, int, int, int)[]> GenProgram = GenInstruction.Array[1, 24];

    private static readonly ChipDescription[] Chips =
    [
        ChipReader.Load("reference", ["tiles=1x1"]),
        ChipReader.Load("reference", ["tiles=2x2", "memory[0].bandwidth=20GB/s", "sram.bytesPerPort=4B/cycle"]),
        ChipReader.Load("ideal"),
        ChipReader.Load("groq-lpu-v1"),
    ];

    [Fact]
    public void PartsSumToTheWhole() =>
        Gen.Select(GenProgram, Gen.Int[0, Chips.Length - 1])
            .Sample(
                (program, chip) =>
                {
                    Timeline timeline = HandTape.Time(Random(program, Chips[chip]), Chips[chip]);
                    return timeline.CriticalPath.Sum(e => e.Cycles.Count) == timeline.Makespan.Count
                        && timeline.CriticalPath.All(e => e.Cycles.Count > 0);
                },
                iter: Cases
            );

    [Fact]
    public void NothingStartsBeforeWhatItWaitsFor() =>
        Gen.Select(GenProgram, Gen.Int[0, Chips.Length - 1])
            .Sample(
                (program, chip) =>
                {
                    Tape tape = Random(program, Chips[chip]);
                    Timeline timeline = HandTape.Time(tape, Chips[chip]);
                    List<InstructionInstance> instances = [.. Sequencer.Unroll(tape.Roles[0], Predictor.StepShape(1, 1, 0, false).Sizes)];
                    int[][] before = Sequencer.Predecessors(tape.Roles[0], instances);
                    TimelineEntry[] entries = [.. timeline.Entries];
                    for (int i = 0; i < entries.Length; i++)
                    {
                        foreach (int b in before[i])
                        {
                            bool engine = instances[b].Instruction.Engine == instances[i].Instruction.Engine;
                            if (entries[i].Start < (engine ? entries[b].Released : entries[b].Done))
                                return false;
                        }
                    }
                    return true;
                },
                iter: Cases
            );

    [Fact]
    public void TimeIsAtLeastEveryRoofline_AndBytesAreAtLeastTheOperands() =>
        Gen.Select(GenProgram, Gen.Int[0, Chips.Length - 1])
            .Sample(
                (program, chip) =>
                {
                    ChipDescription description = Chips[chip];
                    Tape tape = Random(program, description);
                    StepTime time = HandTape.Time(tape, description).Summary();
                    Role role = tape.Roles[0];
                    long fromMemory = 0;
                    long ports = 0;
                    Int128 macs = 0;
                    foreach (Instruction instruction in role.Instructions)
                    {
                        foreach (int d in instruction.Reads.Union(instruction.Writes))
                        {
                            TapeBuffer buffer = role.Buffers[role.Descriptors[d].Buffer];
                            long bytes = buffer.Layout(HandTape.Envelope.Bounds).Bytes;
                            if (buffer.Space == Space.Dram)
                                fromMemory += bytes * (instruction is MatMul ? 1 : instruction.Tiles.Count);
                            else if (buffer.Space == Space.Sram)
                                ports += bytes;
                        }
                        if (instruction is MatMul m)
                        {
                            TapeBuffer w = role.Buffers[role.Descriptors[m.W].Buffer];
                            macs +=
                                (Int128)w.Rows.Total.Offset
                                * w.Columns.Total.Offset
                                * role.Buffers[role.Descriptors[m.X].Buffer].Rows.Total.Offset;
                        }
                    }
                    double memorySeconds = description.Memory.Count == 0 ? 0 : fromMemory / (double)description.Memory[0].Bandwidth.Count;
                    double rate = description.Matrix.MacsFor(ElementType.I8, ElementType.I8)!.Value.Count;
                    return time.MemoryBytes.Count >= (description.Memory.Count == 0 ? 0 : fromMemory)
                        && time.Duration.TotalSeconds >= memorySeconds * (1 - 1e-12)
                        && time.Cycles.Count >= ports / description.Sram.PeakBytesPerCycle.Count
                        && time.Cycles.Count >= (double)macs / rate * (1 - 1e-12)
                        && time.Busy.Values.All(b => b.Count <= time.Cycles.Count);
                },
                iter: Cases
            );

    [Fact]
    public void UnderAStaticOrder_MoreOfAnything_NeverLengthens() =>
        Gen.Select(GenProgram, Gen.Int[0, Chips.Length - 1], Gen.Enum<Resource>(), Gen.Int[1, 300])
            .Sample(
                (program, chip, resource, percent) =>
                {
                    Tape tape = Random(program, Chips[chip]);
                    Timeline timeline = HandTape.Time(tape, Chips[chip]);
                    Timeline faster = HandTape.Time(
                        tape,
                        Chips[chip],
                        new()
                        {
                            Order = timeline.Order,
                            Increased = resource,
                            IncreasePercent = percent,
                        }
                    );
                    return faster.Makespan <= timeline.Makespan;
                },
                iter: Cases
            );

    [Fact]
    public void TheOrderThatWasServed_GivesTheSameTimes() =>
        Gen.Select(GenProgram, Gen.Int[0, Chips.Length - 1])
            .Sample(
                (program, chip) =>
                {
                    Tape tape = Random(program, Chips[chip]);
                    Timeline timeline = HandTape.Time(tape, Chips[chip]);
                    Timeline again = HandTape.Time(tape, Chips[chip], new() { Order = timeline.Order });
                    return timeline.Entries.SequenceEqual(again.Entries);
                },
                iter: Cases
            );

    /// <summary>Instructions over five engines; an instruction may wait for one a few places before it.</summary>
    private static Tape Random((int Kind, int Rows, int Columns, int Wait)[] program, ChipDescription chip)
    {
        HandTape tape = new(chip.Tiles.Count);
        Space far = chip.Memory.Count > 0 ? Space.Dram : Space.Sram;
        Instruction[] instructions =
        [
            .. program.Select(p =>
                p.Kind switch
                {
                    0 => (Instruction)
                        new Copy
                        {
                            Source = tape.Region(NumberFormat.F32, p.Rows, p.Columns, far, BufferKind.Constant),
                            Destination = tape.Region(NumberFormat.F32, p.Rows, p.Columns),
                            Multicast = false,
                        },
                    1 or 2 => tape.Product(
                        tape.Region(NumberFormat.Int8Row, p.Wait + 1, p.Columns),
                        tape.Region(NumberFormat.Int8Row, p.Rows, p.Columns, p.Kind == 1 ? far : Space.Sram, BufferKind.Constant),
                        tape.Region(NumberFormat.F32, p.Wait + 1, p.Rows)
                    ),
                    3 => new Binary
                    {
                        Left = tape.Region(NumberFormat.F32, p.Rows, p.Columns),
                        Right = tape.Region(NumberFormat.F32, p.Rows, p.Columns),
                        Destination = tape.Region(NumberFormat.F32, p.Rows, p.Columns),
                        Function = BinaryFunction.SiluMultiply,
                    },
                    4 => new Exchange
                    {
                        Source = tape.Region(NumberFormat.F32, p.Rows, p.Columns),
                        Destination = tape.Region(NumberFormat.F32, p.Rows, p.Columns),
                        Group = Group.Tiles,
                        Algorithm = Isa.CollectiveAlgorithm.Direct,
                        LinkClass = 0,
                    },
                    5 => new Norm
                    {
                        Source = tape.Region(NumberFormat.F32, p.Rows, p.Columns),
                        Sums = tape.Region(NumberFormat.F32, p.Rows, 1),
                        Gamma = tape.Region(NumberFormat.F32, 1, p.Columns),
                        Destination = tape.Region(NumberFormat.F32, p.Rows, p.Columns),
                        Width = p.Columns,
                        Epsilon = 0,
                    },
                    _ => new HostIn { Destination = tape.Region(NumberFormat.I32, p.Rows, 1), Data = HostData.TokenIds },
                }
            ),
        ];
        for (int i = 0; i < instructions.Length; i++)
        {
            int before = i - program[i].Wait;
            if (program[i].Wait == 0 || before < 0)
                continue;
            int token = tape.Token(instructions[before].Engine, instructions[i].Engine);
            instructions[before] = instructions[before] with { Signals = instructions[before].Signals.Add(token) };
            instructions[i] = instructions[i] with { Waits = instructions[i].Waits.Add(token) };
        }
        foreach (Instruction instruction in instructions)
            tape.Add(instruction);
        return tape.Build();
    }
}
