using System.Collections.Immutable;

namespace Tapeout.Isa;

/// <summary>
/// Encodes instructions as 32-bit words: a header (opcode, engine, numbers of waits and signals as declared in <see cref="InstructionHeader"/>),
/// tile group, source, tokens, then the operands' words in the order of the table.
/// </summary>
internal static class InstructionCodec
{
    public static void Write(TapeWriter writer, Instruction instruction)
    {
        writer.Int(InstructionHeader.Pack(instruction.Opcode, instruction.Engine, instruction.Waits.Length, instruction.Signals.Length));
        writer.Int(instruction.Tiles.First);
        writer.Int(instruction.Tiles.Count);
        writer.Int(instruction.Origin);
        foreach (int token in instruction.Waits)
            writer.Int(token);
        foreach (int token in instruction.Signals)
            writer.Int(token);
        ImmutableArray<OperandValue> values = instruction.Operands;
        IReadOnlyList<OperandDefinition> definitions = instruction.Definition.Operands;
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<int> words = [values[i].Word0, values[i].Word1, values[i].Word2, values[i].Word3];
            foreach (int word in words[..definitions[i].Words])
                writer.Int(word);
        }
    }

    public static Instruction Read(TapeReader reader)
    {
        int header = reader.Int();
        InstructionDefinition definition =
            InstructionTable.Find((byte)InstructionHeader.OpcodeBits.Extract(header))
            ?? throw reader.Problem($"there is no opcode {InstructionHeader.OpcodeBits.Extract(header)}");
        int engine = InstructionHeader.EngineBits.Extract(header);
        if (engine > (int)Engine.Host || InstructionHeader.ReservedBits.Extract(header) != 0)
            throw reader.Problem($"the header 0x{header:x8} names no engine or uses reserved bits");
        TileGroup tiles = new(reader.Int(), reader.Int());
        int origin = reader.Int();
        ImmutableArray<int> waits = Tokens(reader, InstructionHeader.WaitBits.Extract(header));
        ImmutableArray<int> signals = Tokens(reader, InstructionHeader.SignalBits.Extract(header));
        ImmutableArray<OperandValue>.Builder values = ImmutableArray.CreateBuilder<OperandValue>(definition.Operands.Count);
        foreach (OperandDefinition operand in definition.Operands)
        {
            OperandValue value = operand.Words switch
            {
                4 => new(reader.Int(), reader.Int(), reader.Int(), reader.Int()),
                3 => new(reader.Int(), reader.Int(), reader.Int()),
                _ => new(reader.Int()),
            };
            string? problem = OperandRules.Problem(operand, value);
            if (problem is not null)
                throw reader.Problem($"operand {operand.Name} of {definition.Mnemonic} {problem}");
            values.Add(value);
        }
        return InstructionFactory.Create((Opcode)definition.Code, values.MoveToImmutable()) with
        {
            Engine = (Engine)engine,
            Tiles = tiles,
            Origin = origin,
            Waits = waits,
            Signals = signals,
        };
    }

    private static ImmutableArray<int> Tokens(TapeReader reader, int count)
    {
        ImmutableArray<int>.Builder tokens = ImmutableArray.CreateBuilder<int>(count);
        for (int i = 0; i < count; i++)
            tokens.Add(reader.Int());
        return tokens.MoveToImmutable();
    }
}
