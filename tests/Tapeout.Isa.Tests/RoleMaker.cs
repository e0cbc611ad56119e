using Tapeout.Numerics;

namespace Tapeout.Isa.Tests;

/// <summary>Builds a role by hand: buffers one behind the other in their space, a descriptor per call.</summary>
internal sealed class RoleMaker(int tiles = 1, int ranks = 1, string name = "chip")
{
    private readonly List<TapeBuffer> buffers = [];
    private readonly List<Descriptor> descriptors = [];
    private readonly List<DependencyToken> tokens = [];
    private readonly List<Instruction> instructions = [];
    private readonly long[] next = new long[4];

    public int Buffer(
        string label,
        NumberFormat format,
        Axis rows,
        Axis columns,
        BufferKind kind = BufferKind.Activation,
        Space space = Space.Sram,
        int stack0 = 1,
        int stack1 = 1,
        int slots = 1,
        int slotLevel = 0
    )
    {
        TapeBuffer buffer = new()
        {
            Name = label,
            Kind = kind,
            Space = space,
            Format = format,
            Rows = rows,
            Columns = columns,
            Stack0 = stack0,
            Stack1 = stack1,
            Slots = slots,
            SlotLevel = slotLevel,
            Tensor = kind == BufferKind.Constant ? label : "",
            Address = next[(int)space],
        };
        next[(int)space] += buffer.Bytes(ValidTape.Envelope.Bounds);
        buffers.Add(buffer);
        return buffers.Count - 1;
    }

    public int Region(
        int buffer,
        Axis? rows = null,
        Axis? columns = null,
        IndexExpression stack0 = default,
        IndexExpression stack1 = default
    )
    {
        descriptors.Add(new(buffer, stack0, stack1, rows ?? buffers[buffer].Rows, columns ?? buffers[buffer].Columns));
        return descriptors.Count - 1;
    }

    public int Token(Engine producer, Engine consumer, int credits = 0)
    {
        tokens.Add(new(producer, consumer, credits));
        return tokens.Count - 1;
    }

    public RoleMaker Add(params Instruction[] added)
    {
        instructions.AddRange(added.Select(i => i with { Tiles = new(0, tiles) }));
        return this;
    }

    public Role Make(bool halt = true) =>
        new()
        {
            Name = name,
            Chip = "hand-made",
            ChipHash = "",
            Ranks = ranks,
            Tiles = tiles,
            Buffers = [.. buffers],
            Descriptors = [.. descriptors],
            Tokens = [.. tokens],
            Instructions = halt ? [.. instructions, new Halt { Tiles = new(0, tiles) }] : [.. instructions],
        };
}
