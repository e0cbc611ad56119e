using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Reports.Validation;

/// <summary>Builds the tape of one row: a few kernels with operands in the memory that all cores share.</summary>
internal sealed class KernelTape(ChipDescription chip, int ranks = 1, bool replay = true)
{
    private readonly List<TapeBuffer> _buffers = [];
    private readonly List<Descriptor> _descriptors = [];
    private readonly List<Instruction> _instructions = [];
    private readonly int _cores = chip.Tiles.Count;

    /// <summary>A matrix whose rows are divided over the cores.</summary>
    public int Rows(NumberFormat format, int rows, int columns) =>
        Region(format, Math.Max(1, rows), new Axis(Math.Max(1, rows)) { TileStep = (Math.Max(1, rows) + _cores - 1) / _cores }, columns);

    /// <summary>A matrix that all cores see whole.</summary>
    public int Whole(NumberFormat format, int rows, int columns, BufferKind kind = BufferKind.Activation) =>
        Region(format, rows, new Axis(rows), columns, kind);

    /// <summary>One kernel.</summary>
    public void Kernel(params Instruction[] instructions) => Kernel(new BlockTile(1, 1, 1), instructions);

    /// <summary>One kernel of a thread-block tile.</summary>
    public void Kernel(BlockTile tile, params Instruction[] instructions)
    {
        _instructions.Add(
            new Launch
            {
                Length = instructions.Length,
                BlockRows = tile.M,
                BlockColumns = tile.N,
                BlockDepth = tile.K,
                SplitK = 1,
                Stages = 1,
                BlocksPerCore = 1,
                Replay = replay,
            }
        );
        foreach (Instruction instruction in instructions)
            _instructions.Add(instruction with { Tiles = new(0, _cores) });
    }

    /// <summary>An instruction outside of kernels.</summary>
    public void Add(Instruction instruction) => _instructions.Add(instruction with { Tiles = new(0, _cores) });

    /// <summary>A product of activations by weights.</summary>
    public MatMul Product(int x, int w, int rows, int columns) =>
        new()
        {
            X = x,
            W = w,
            Y = Whole(NumberFormat.F32, rows, columns),
            Result = MatMulResult.Final,
            Accumulate = AccumulateMode.Overwrite,
            FirstLevels = 0,
            PlanLength = _descriptors[w].Columns.Total.Offset,
            PlanBlock = 32,
        };

    /// <summary>The tape, its kernels repeated so many times.</summary>
    public Tape Build(string name, int repeat = 1) =>
        new()
        {
            IsaVersion = InstructionTable.Version,
            IsaHash = InstructionTable.Hash,
            Model = name,
            ModelHash = "",
            Format = "",
            Envelope = new(4096, 1 << 22, 1 << 20, 1 << 20, 1),
            Origins = [new(name, -1, -1)],
            Roles =
            [
                new()
                {
                    Name = "chip",
                    Chip = chip.Name,
                    ChipHash = "",
                    Ranks = ranks,
                    Tiles = _cores,
                    Buffers = [.. _buffers],
                    Descriptors = [.. _descriptors],
                    Tokens = [],
                    Instructions = [.. Enumerable.Repeat(_instructions, repeat).SelectMany(i => i), new Halt()],
                },
            ],
        };

    private int Region(NumberFormat format, int rows, Axis range, int columns, BufferKind kind = BufferKind.Activation)
    {
        _buffers.Add(
            new()
            {
                Name = $"b{_buffers.Count}",
                Kind = kind,
                Space = Space.Dram,
                Format = format,
                Rows = new Axis(rows),
                Columns = new Axis(columns),
            }
        );
        _descriptors.Add(new(_buffers.Count - 1, default, default, range, new Axis(columns)));
        return _descriptors.Count - 1;
    }
}
