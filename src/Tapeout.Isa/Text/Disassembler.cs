using System.Globalization;
using System.Text;

namespace Tapeout.Isa;

/// <summary>
/// Writes a tape as text that <see cref="Assembler"/> turns into the same bytes again: directives for the tables, then a line per
/// instruction. Comments name the source operator, the layer and the operands' regions; they carry nothing that the text needs.
/// </summary>
public static class Disassembler
{
    private const int CommentColumn = 96;

    /// <summary>Writes a tape.</summary>
    /// <param name="tape">Any tape, verified or not.</param>
    /// <param name="writer">Where the lines go; they end in a line feed.</param>
    public static void Write(Tape tape, TextWriter writer)
    {
        void Line(string text)
        {
            writer.Write(text);
            writer.Write('\n');
        }
        Line(
            $".tape isa={tape.IsaVersion} isaHash={OperandText.Quote(tape.IsaHash)} model={OperandText.Quote(tape.Model)} modelHash={OperandText.Quote(tape.ModelHash)} format={OperandText.Quote(tape.Format)}"
        );
        Envelope e = tape.Envelope;
        Line($".envelope sequences={e.Sequences} tokens={e.Tokens} context={e.Context} pages={e.Pages} logitRows={e.LogitRows}");
        for (int i = 0; i < tape.Origins.Length; i++)
        {
            Origin origin = tape.Origins[i];
            Line($".origin {i} name={OperandText.Quote(origin.Operator)} layer={origin.FirstLayer} loop={origin.LoopLevel}");
        }
        foreach (Role role in tape.Roles)
        {
            Line(
                $"\n.role name={OperandText.Quote(role.Name)} chip={OperandText.Quote(role.Chip)} chipHash={OperandText.Quote(role.ChipHash)} ranks={role.Ranks} tiles={role.Tiles}"
            );
            for (int i = 0; i < role.Buffers.Length; i++)
                Line(Buffer(i, role.Buffers[i]));
            for (int i = 0; i < role.Descriptors.Length; i++)
                Line(Descriptor(i, role.Descriptors[i], role));
            for (int i = 0; i < role.Tokens.Length; i++)
            {
                DependencyToken token = role.Tokens[i];
                Line($".token {i} producer={token.Producer} consumer={token.Consumer} credits={token.Credits}");
            }
            int depth = 1;
            for (int i = 0; i < role.Instructions.Length; i++)
            {
                Instruction instruction = role.Instructions[i];
                if (instruction is End)
                    depth = Math.Max(1, depth - 1);
                string text = new string(' ', 2 * Math.Min(depth, 8)) + Text(instruction);
                Line($"{text.PadRight(CommentColumn)} ; {i} {Comment(tape, role, instruction)}");
                if (instruction is Loop)
                    depth++;
            }
        }
    }

    /// <summary>The text of a tape.</summary>
    public static string Write(Tape tape)
    {
        using StringWriter writer = new(CultureInfo.InvariantCulture);
        Write(tape, writer);
        return writer.ToString();
    }

    /// <summary>One instruction as in a listing, without comment.</summary>
    public static string Text(Instruction instruction)
    {
        InstructionDefinition definition = instruction.Definition;
        StringBuilder text = new(definition.Mnemonic);
        for (int i = 0; i < definition.Operands.Count; i++)
            text.Append(' ').Append(definition.Operands[i].Name).Append('=').Append(Value(definition.Operands[i], instruction.Operands[i]));
        text.Append(" tiles=").Append(instruction.Tiles).Append(" engine=").Append(instruction.Engine);
        text.Append(" origin=").Append(instruction.Origin);
        if (!instruction.Waits.IsEmpty)
            text.Append(" wait=").AppendJoin(',', instruction.Waits);
        if (!instruction.Signals.IsEmpty)
            text.Append(" signal=").AppendJoin(',', instruction.Signals);
        return text.ToString();
    }

    private static string Value(OperandDefinition operand, OperandValue value) =>
        operand.Kind switch
        {
            OperandKind.OptionalRead when value.Word0 == -1 => "none",
            OperandKind.Float => OperandText.Float(value.AsFloat()),
            OperandKind.Enumeration => Enum.ToObject(operand.Enumeration!, value.Word0).ToString()!,
            OperandKind.Size => value.AsSize().ToString(),
            OperandKind.Index => OperandText.Index(value.AsIndex()),
            _ => value.Word0.ToString(CultureInfo.InvariantCulture),
        };

    private static string Buffer(int number, TapeBuffer buffer)
    {
        string text =
            $".buffer {number} name={OperandText.Quote(buffer.Name)} kind={buffer.Kind} space={buffer.Space} format={OperandText.Format(buffer.Format)} stack0={buffer.Stack0} stack1={buffer.Stack1} rows={OperandText.Axis(buffer.Rows)} columns={OperandText.Axis(buffer.Columns)} slots={buffer.Slots} slotLevel={buffer.SlotLevel} address={buffer.Address}";
        return $"{text} tensor={OperandText.Quote(buffer.Tensor)} firstLayer={buffer.FirstLayer}";
    }

    private static string Descriptor(int number, Descriptor d, Role role)
    {
        string text =
            $".descriptor {number} buffer={d.Buffer} stack0={OperandText.Index(d.Stack0)} stack1={OperandText.Index(d.Stack1)} rows={OperandText.Axis(d.Rows)} columns={OperandText.Axis(d.Columns)}";
        return $"{text.PadRight(CommentColumn)} ; {BufferName(role, d.Buffer)}";
    }

    private static string BufferName(Role role, int buffer) =>
        (buffer >= 0 && buffer < role.Buffers.Length) ? OneLine(role.Buffers[buffer].Name) : "no such buffer";

    private static string Comment(Tape tape, Role role, Instruction instruction)
    {
        StringBuilder text = new();
        if ((instruction.Origin >= 0 && instruction.Origin < tape.Origins.Length))
        {
            Origin origin = tape.Origins[instruction.Origin];
            text.Append(OneLine(origin.Operator));
            if (origin.FirstLayer >= 0)
                text.Append(" layer ").Append(origin.FirstLayer);
            if (origin.LoopLevel >= 0)
                text.Append("+L").Append(origin.LoopLevel);
        }
        IReadOnlyList<OperandDefinition> operands = instruction.Definition.Operands;
        for (int i = 0; i < operands.Count; i++)
        {
            OperandValue value = instruction.Operands[i];
            if (operands[i].Kind == OperandKind.Float)
                text.Append(CultureInfo.InvariantCulture, $"  {operands[i].Name}: {value.AsFloat():R}");
            if (!operands[i].IsDescriptor || (value.Word0 < 0 || value.Word0 >= role.Descriptors.Length))
                continue;
            Descriptor d = role.Descriptors[value.Word0];
            text.Append("  ").Append(operands[i].Name).Append(": ").Append(BufferName(role, d.Buffer));
            text.Append(CultureInfo.InvariantCulture, $"[{d.Rows}, {d.Columns}]");
        }
        return text.ToString();
    }

    private static string OneLine(string text) => OperandText.Quote(text)[1..^1];
}
