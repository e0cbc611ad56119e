using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>Builds one role by hand, tokens included.</summary>
internal sealed class HandTape(int tiles = 1, int ranks = 1)
{
    private readonly List<TapeBuffer> _buffers = [];
    private readonly List<Descriptor> _descriptors = [];
    private readonly List<Instruction> _instructions = [];
    private readonly List<DependencyToken> _tokens = [];

    public static Envelope Envelope { get; } = new(64, 8192, 65536, 4096, 64);

    public int Region(NumberFormat format, int rows, int columns, Space space = Space.Sram, BufferKind kind = BufferKind.Activation) =>
        Region(format, new Axis(rows), new Axis(columns), space, kind);

    public int Region(NumberFormat format, Axis rows, Axis columns, Space space = Space.Sram, BufferKind kind = BufferKind.Activation)
    {
        _buffers.Add(
            new()
            {
                Name = $"b{_buffers.Count}",
                Kind = kind,
                Space = space,
                Format = format,
                Rows = rows,
                Columns = columns,
            }
        );
        _descriptors.Add(new(_buffers.Count - 1, default, default, rows, columns));
        return _descriptors.Count - 1;
    }

    public int Token(Engine producer, Engine consumer)
    {
        _tokens.Add(new(producer, consumer, 0));
        return _tokens.Count - 1;
    }

    public HandTape Add(Instruction instruction)
    {
        _instructions.Add(instruction with { Tiles = new(0, tiles) });
        return this;
    }

    public MatMul Product(int x, int w, int y) =>
        new()
        {
            X = x,
            W = w,
            Y = y,
            Result = MatMulResult.Final,
            Accumulate = AccumulateMode.Overwrite,
            FirstLevels = 0,
            PlanLength = _descriptors[w].Columns.Total.Offset,
            PlanBlock = 32,
        };

    public Tape Build() =>
        new()
        {
            IsaVersion = InstructionTable.Version,
            IsaHash = "",
            Model = "by hand",
            ModelHash = "",
            Format = "",
            Envelope = Envelope,
            Origins = [new("by hand", -1, -1)],
            Roles =
            [
                new()
                {
                    Name = "chip",
                    Chip = "by hand",
                    ChipHash = "",
                    Ranks = ranks,
                    Tiles = tiles,
                    Buffers = [.. _buffers],
                    Descriptors = [.. _descriptors],
                    Tokens = [.. _tokens],
                    Instructions = [.. _instructions, new Halt()],
                },
            ],
        };

    public static Timeline Time(Tape tape, ChipDescription chip, TimingOptions? options = null) =>
        Timeline.Of(tape, chip, Predictor.StepShape(1, 1, 0, false), options);

    /// <summary>The reference chip without anything that hides a formula: no issue, no fill, no latencies, one tile.</summary>
    public static ChipDescription Plain(params string[] set) =>
        ChipReader.Load(
            "reference",
            [
                "tiles=1x1",
                "issueOverhead=0 cycles",
                "matrix.pipelineFill=0 cycles",
                "network.hopLatency=0 cycles",
                "memory[0].latency=1ns",
                .. set,
            ]
        );
}
