using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing.Tests;

/// <summary>
/// A role of random instructions: copies, products, vector work, messages and collectives over ranges that ranks divide, and tiles where there
/// are several. Even: all parts are equal; otherwise later ranks and tiles may have less, or nothing.
/// </summary>
internal sealed class DividedRole(ChipDescription chip, int ranks, bool even)
{
    /// <summary>Kinds that <see cref="Add"/> knows: 0 to this, without it.</summary>
    public const int Kinds = 8;

    private static readonly Isa.CollectiveAlgorithm[] Algorithms =
    [
        Isa.CollectiveAlgorithm.Butterfly,
        Isa.CollectiveAlgorithm.Tree,
        Isa.CollectiveAlgorithm.InNetwork,
    ];

    private readonly HandTape _tape = new(chip.Tiles.Count, ranks);
    private readonly List<Instruction> _instructions = [];
    private readonly Space _far = chip.Memory.Count > 0 ? Space.Dram : Space.Sram;

    /// <summary>Adds an instruction that waits for the one so many places before it; 0 for none.</summary>
    public void Add(int kind, int rows, int columns, int algorithm, int wait)
    {
        Axis part = Part(rows);
        Instruction instruction = kind switch
        {
            0 => new Copy
            {
                Source = Region(part, columns, _far, BufferKind.Constant),
                Destination = Region(part, columns),
                Multicast = false,
            },
            1 => _tape.Product(
                _tape.Region(NumberFormat.Int8Row, 3, columns),
                _tape.Region(NumberFormat.Int8Row, part, new Axis(columns), _far, BufferKind.Constant),
                _tape.Region(NumberFormat.F32, new Axis(3), part)
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
            6 => new AllToAll
            {
                Source = Region(part, columns),
                Destination = Region(part, columns),
                Group = algorithm == 0 ? Group.Ranks : Group.All,
                Algorithm = Isa.CollectiveAlgorithm.Direct,
                LinkClass = 0,
                Engine = Engine.Link,
            },
            7 => new ReduceScatter
            {
                Source = Region(new Axis(rows), columns),
                Destination = Region(part, columns),
                Group = algorithm == 0 ? Group.Ranks : Group.All,
                Operation = ReduceOperation.SumNodes,
                Algorithm = Isa.CollectiveAlgorithm.Direct,
                LinkClass = 0,
                Engine = Engine.Link,
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
        };
        Waiting(instruction, wait);
    }

    /// <summary>Adds a message of each rank's part.</summary>
    public void Send(int channel, int rows, int columns, int wait) =>
        Waiting(
            new Send
            {
                Source = Region(Part(rows), columns),
                Channel = channel,
                LinkClass = 0,
            },
            wait
        );

    /// <summary>Adds what takes a message.</summary>
    public void Receive(int channel, int rows, int columns, int wait) =>
        Waiting(
            new Receive
            {
                Destination = Region(Part(rows), columns),
                Channel = channel,
                LinkClass = 0,
            },
            wait
        );

    public Tape Build()
    {
        foreach (Instruction instruction in _instructions)
            _tape.Add(instruction);
        return _tape.Build();
    }

    private void Waiting(Instruction instruction, int wait)
    {
        _instructions.Add(instruction);
        int at = _instructions.Count - 1;
        if (wait == 0 || at < wait)
            return;
        int token = _tape.Token(_instructions[at - wait].Engine, instruction.Engine);
        _instructions[at - wait] = _instructions[at - wait] with { Signals = _instructions[at - wait].Signals.Add(token) };
        _instructions[at] = instruction with { Waits = [token] };
    }

    private Axis Part(int length)
    {
        int tiles = chip.Tiles.Count;
        int total = even ? length * ranks * tiles : length;
        int step = (total + ranks - 1) / ranks;
        return new Axis(total) { RankStep = step, TileStep = (step + tiles - 1) / tiles };
    }

    private int Region(Axis rows, int columns, Space space = Space.Sram, BufferKind kind = BufferKind.Activation) =>
        _tape.Region(NumberFormat.F32, rows, new Axis(columns), space, kind);
}
