using System.Collections.Immutable;
using System.Globalization;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Testing;

/// <summary>
/// Changes one field of a tape at a time: what a broken compiler or a damaged file could do and the container's checks would not see.
/// Every mutant can be encoded.
/// </summary>
internal sealed class TapeMutator(int seed)
{
    private readonly Random random = new(seed);

    /// <summary>A copy with one field changed, and what was changed.</summary>
    public (Tape Tape, string Change) Mutate(Tape tape)
    {
        int at = random.Next(tape.Roles.Length);
        Role role = tape.Roles[at];
        (Role changed, string change) = random.Next(10) switch
        {
            0 or 1 when !role.Buffers.IsEmpty => Buffer(role),
            2 or 3 when !role.Descriptors.IsEmpty => Descriptor(role),
            4 when !role.Tokens.IsEmpty => Token(role),
            5 => RoleField(role),
            6 => Order(role),
            _ => Instruction(role),
        };
        if (random.Next(40) == 0)
        {
            Envelope envelope = tape.Envelope with { Tokens = Number(tape.Envelope.Tokens) };
            return (tape with { Envelope = envelope }, $"envelope of {envelope.Tokens} tokens");
        }
        return (tape with { Roles = tape.Roles.SetItem(at, changed) }, change);
    }

    private int Number(int old) =>
        random.Next(8) switch
        {
            0 => old == int.MaxValue ? 0 : old + 1,
            1 => old == int.MinValue ? 0 : old - 1,
            2 => 0,
            3 => -1,
            4 => random.Next(256),
            5 => random.Next(),
            6 => -random.Next(),
            _ => int.MaxValue,
        };

    private int Pick<T>(ImmutableArray<T> items) => random.Next(items.Length);

    private SizeExpression Size(SizeExpression old) =>
        random.Next(4) switch
        {
            0 => old with { Symbol = (Symbol)random.Next(4) },
            1 => old with { Multiplier = Number(old.Multiplier) },
            2 => old with { Offset = Number(old.Offset) },
            _ => old with { Divisor = Math.Max(1, Number(old.Divisor)) },
        };

    private IndexExpression Index(IndexExpression old) =>
        random.Next(3) switch
        {
            0 => old with { Base = Number(old.Base) },
            1 => old with { Step = Number(old.Step) },
            _ => old with { Level = random.Next(4) },
        };

    private Axis Axis(Axis old) =>
        random.Next(8) switch
        {
            0 => old with { Kind = (AxisKind)random.Next(3) },
            1 => old with { RankStep = Number(old.RankStep) },
            2 => old with { TileStep = Number(old.TileStep) },
            3 => old with { LoopStep = Number(old.LoopStep) },
            4 => old with { LoopLevel = Number(old.LoopLevel) },
            5 => old with { InnerStep = Number(old.InnerStep) },
            6 => old with { InnerLevel = Number(old.InnerLevel) },
            _ => old with { Total = Size(old.Total) },
        };

    private (Role, string) Buffer(Role role)
    {
        int i = Pick(role.Buffers);
        TapeBuffer old = role.Buffers[i];
        TapeBuffer changed = random.Next(11) switch
        {
            0 => old with { Kind = (BufferKind)random.Next(4) },
            1 => old with { Space = (Space)random.Next(4) },
            2 => old with { Format = NumberFormat.Int8Group(32) },
            3 => old with { Format = NumberFormat.F32 },
            4 => old with { Stack0 = Number(old.Stack0) },
            5 => old with { Stack1 = Number(old.Stack1) },
            6 => old with { Rows = Axis(old.Rows) },
            7 => old with { Columns = Axis(old.Columns) },
            8 => old with { Slots = Number(old.Slots) },
            9 => old with { SlotLevel = Number(old.SlotLevel) },
            _ => old with { Address = random.Next(3) == 0 ? Number(0) * 65536L * 65536L : role.Buffers[Pick(role.Buffers)].Address },
        };
        return (role with { Buffers = role.Buffers.SetItem(i, changed) }, $"buffer {i} from {old} to {changed}");
    }

    private (Role, string) Descriptor(Role role)
    {
        int i = Pick(role.Descriptors);
        Descriptor old = role.Descriptors[i];
        Descriptor changed = random.Next(5) switch
        {
            0 => old with { Buffer = random.Next(3) == 0 ? Number(old.Buffer) : Pick(role.Buffers) },
            1 => old with { Stack0 = Index(old.Stack0) },
            2 => old with { Stack1 = Index(old.Stack1) },
            3 => old with { Rows = Axis(old.Rows) },
            _ => old with { Columns = Axis(old.Columns) },
        };
        return (role with { Descriptors = role.Descriptors.SetItem(i, changed) }, $"descriptor {i} from {old} to {changed}");
    }

    private (Role, string) Token(Role role)
    {
        int i = Pick(role.Tokens);
        DependencyToken old = role.Tokens[i];
        DependencyToken changed = random.Next(3) switch
        {
            0 => old with { Producer = (Engine)random.Next(8) },
            1 => old with { Consumer = (Engine)random.Next(8) },
            _ => old with { Credits = Number(old.Credits) },
        };
        return (role with { Tokens = role.Tokens.SetItem(i, changed) }, $"token {i} from {old} to {changed}");
    }

    private (Role, string) RoleField(Role role) =>
        random.Next(2) == 0 ? (role with { Ranks = Number(role.Ranks) }, "ranks") : (role with { Tiles = Number(role.Tiles) }, "tiles");

    /// <summary>An instruction is left out, doubled or moved.</summary>
    private (Role, string) Order(Role role)
    {
        int i = Pick(role.Instructions);
        Instruction moved = role.Instructions[i];
        ImmutableArray<Instruction> without = role.Instructions.RemoveAt(i);
        return random.Next(3) switch
        {
            0 => (role with { Instructions = without }, $"instruction {i} left out"),
            1 => (role with { Instructions = role.Instructions.Insert(i, moved) }, $"instruction {i} doubled"),
            _ => (role with { Instructions = without.Insert(random.Next(without.Length + 1), moved) }, $"instruction {i} moved"),
        };
    }

    private (Role, string) Instruction(Role role)
    {
        int i = Pick(role.Instructions);
        Instruction old = role.Instructions[i];
        Instruction changed = random.Next(8) switch
        {
            0 => old with { Engine = (Engine)random.Next(8) },
            1 => old with { Tiles = random.Next(2) == 0 ? new(Number(0), old.Tiles.Count) : new(old.Tiles.First, Number(old.Tiles.Count)) },
            2 when !old.Waits.IsEmpty => old with { Waits = old.Waits.RemoveAt(Pick(old.Waits)) },
            3 when !old.Signals.IsEmpty => old with { Signals = old.Signals.RemoveAt(Pick(old.Signals)) },
            4 => old with { Waits = old.Waits.Add(Number(role.Tokens.Length)) },
            _ => Operand(role, old),
        };
        return (
            role with
            {
                Instructions = role.Instructions.SetItem(i, changed),
            },
            $"instruction {i} from {Disassembler.Text(old)} to {Disassembler.Text(changed)}"
        );
    }

    private Instruction Operand(Role role, Instruction old)
    {
        ImmutableArray<OperandValue> values = old.Operands;
        if (values.IsEmpty)
            return old with { Origin = Number(old.Origin) };
        int i = Pick(values);
        OperandDefinition operand = old.Definition.Operands[i];
        OperandValue changed = operand.Kind switch
        {
            OperandKind.Flag => OperandValue.Of(!values[i].AsFlag()),
            OperandKind.Float => OperandValue.Of(random.Next(-3, 4) * 1e10f),
            OperandKind.Enumeration => new(
                Convert.ToInt32(
                    Enum.GetValues(operand.Enumeration!).GetValue(random.Next(Enum.GetValues(operand.Enumeration!).Length)),
                    CultureInfo.InvariantCulture
                )
            ),
            OperandKind.Size => OperandValue.Of(Size(values[i].AsSize())),
            OperandKind.Index => OperandValue.Of(Index(values[i].AsIndex())),
            OperandKind.Integer => new(Number(values[i].Word0)),
            _ => new(random.Next(3) == 0 ? Number(values[i].Word0) : Pick(role.Descriptors)),
        };
        return InstructionFactory.Create(old.Opcode, values.SetItem(i, changed)) with
        {
            Engine = old.Engine,
            Tiles = old.Tiles,
            Origin = old.Origin,
            Waits = old.Waits,
            Signals = old.Signals,
        };
    }
}
