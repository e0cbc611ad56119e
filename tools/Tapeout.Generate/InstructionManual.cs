using System.Globalization;
using System.Text;
using Tapeout.Isa;

namespace Tapeout.Generate;

/// <summary>
/// Writes the manual of the instruction set: isa.json, an index and a page per instruction with the scalar method that defines it, cut
/// from the reference machine's source.
/// </summary>
internal sealed class InstructionManual
{
    private const string Notice = "<!-- By tools/Tapeout.Generate from InstructionTable and the reference machine; do not edit. -->\n\n";
    private const string ReferenceFolder = "src/Tapeout.Machine/Reference";

    private readonly List<(string Path, string Text)> sources = [];

    private InstructionManual(string root)
    {
        string folder = Path.Combine(root, ReferenceFolder);
        if (!Directory.Exists(folder))
            return;
        foreach (string file in Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            sources.Add((Path.GetRelativePath(root, file).Replace('\\', '/'), File.ReadAllText(file).ReplaceLineEndings("\n")));
    }

    /// <summary>The files this generator owns, as paths from the repository's root with their content.</summary>
    public static IEnumerable<(string Path, string Content)> Outputs(string root)
    {
        InstructionManual manual = new(root);
        yield return ("docs/isa/isa.json", InstructionTable.Json);
        yield return ("docs/isa/README.md", Index());
        foreach (InstructionDefinition row in InstructionTable.All)
            yield return ($"docs/isa/{row.Mnemonic}.md", manual.Page(row));
    }

    private static string Index()
    {
        StringBuilder text = new(Notice);
        text.Append(CultureInfo.InvariantCulture, $"# Instruction set, version {InstructionTable.Version}\n\n");
        text.Append(
            "Each engine takes its instructions in stream order, one after the other; engines run beside each other and are ordered only by tokens. "
        );
        text.Append(
            "An instruction acts on all tiles of its group at once; ranges resolve differently in every tile, rank and iteration. "
        );
        text.Append("[isa.json](isa.json) holds the same table for programs; its SHA-256 is\n");
        text.Append(CultureInfo.InvariantCulture, $"`{InstructionTable.Hash}`.\n\n");
        text.Append("See also [number formats](formats.md) and [elementary functions](elementary.md).\n\n");
        text.Append("| opcode | instruction | engine | what it does |\n| ---: | --- | --- | --- |\n");
        foreach (InstructionDefinition row in InstructionTable.All)
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {row.Code} | [{row.Mnemonic}]({row.Mnemonic}.md) | {row.Engine} | {Cell(row.Summary)} |\n"
            );
        text.Append("\n## Every instruction\n\n");
        text.Append("All words have 32 bits, little-endian. The first is the header:\n\n| bits | field |\n| --- | --- |\n");
        foreach (BitField field in InstructionHeader.Fields)
            text.Append(CultureInfo.InvariantCulture, $"| {field.Low}–{field.Low + field.Width - 1} | {field.Name} |\n");
        text.Append(
            "\nThen the first tile, the number of tiles, the number of the source operator, the tokens waited for, the tokens signalled, and the operands in the order of the page.\n\n"
        );
        text.Append("## Assembly\n\n");
        text.Append("```text\n.tape isa=1 isaHash=\"…\" model=\"…\" modelHash=\"…\" format=\"int8\"\n");
        text.Append(".envelope sequences=1 tokens=64 context=512 pages=8 logitRows=1\n.origin 0 name=\"attn_q\" layer=0 loop=0\n");
        text.Append(".role name=\"decoder\" chip=\"ideal\" chipHash=\"…\" ranks=1 tiles=4\n");
        text.Append(
            ".buffer 0 name=\"x\" kind=Activation space=Sram format=f32 stack0=1 stack1=1 rows=tokens columns=64/tile:16 slots=1 slotLevel=0 address=0 tensor=\"\" firstLayer=0\n"
        );
        text.Append(".descriptor 0 buffer=0 stack0=0 stack1=0+1*L1 rows=tokens columns=64/tile:16\n");
        text.Append(".token 0 producer=Dma consumer=Vector credits=0\n");
        text.Append(
            "  UNARY Source=0 Destination=0 Function=Silu Parameter=0x00000000 tiles=0+4 engine=Vector origin=0 wait=0 ; a comment\n```\n\n"
        );
        text.Append(
            "A size is `30`, `2*tokens` or `ceil((2*tokens+1)/4)`. An axis is a size and the steps that divide it: `/rank:`, `/tile:`, then two loops `/L1:16/L2:4`; `/expert:L1` are the rows of the expert of that loop. An index is `3` or `3+1*L0`. Floats are their bits or a decimal number.\n\n"
        );
        text.Append("## Labels of the verifier\n\n| label | what is proved |\n| --- | --- |\n");
        text.Append("| `MATMUL C2` … | the numbered constraint of the instruction's page |\n");
        text.Append("| `structure` | numbers in range, loops closed, bounds on sizes |\n");
        text.Append("| `region` | what is read and written lies in what the tile holds; constants are not written |\n");
        text.Append("| `memory`, `overlap` | buffers fit the chip; constants and states share no byte with anything |\n");
        text.Append("| `token` | every wait has its signal earlier in the stream: no deadlock |\n");
        text.Append("| `order` | accesses to the same bytes, one of them a write, are ordered by engines and tokens |\n");
        text.Append("| `unwritten` | nothing is read that has not been written, or whose memory was given away |\n");
        text.Append("| `channel` | sender and receiver of a channel agree |\n| `chip` | the chip has the instruction |\n");
        return text.ToString();
    }

    private string Page(InstructionDefinition row)
    {
        StringBuilder text = new(Notice);
        text.Append(CultureInfo.InvariantCulture, $"# {row.Mnemonic}\n\n{row.Summary}\n\n## Syntax\n\n```text\n{row.Mnemonic}");
        foreach (OperandDefinition operand in row.Operands)
            text.Append(CultureInfo.InvariantCulture, $" {operand.Name}={Placeholder(operand)}");
        text.Append(
            CultureInfo.InvariantCulture,
            $" tiles=first+count engine={row.Engine} origin=number wait=tokens signal=tokens\n```\n\n## Operands\n\n"
        );
        if (row.Operands.Count == 0)
            text.Append("None.\n");
        else
            text.Append("| operand | kind | meaning |\n| --- | --- | --- |\n");
        foreach (OperandDefinition operand in row.Operands)
            text.Append(CultureInfo.InvariantCulture, $"| {operand.Name} | {Kind(operand)} | {Cell(operand.Summary)} |\n");
        text.Append("\n## Encoding\n\n| word | content |\n| --- | --- |\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"| 0 | header: opcode {row.Code}, engine, number of waits w, number of signals s |\n| 1 | first tile |\n| 2 | number of tiles |\n| 3 | source operator |\n| 4 … | w tokens waited for, then s tokens signalled |\n"
        );
        int word = 0;
        foreach (OperandDefinition operand in row.Operands)
        {
            foreach (string part in Words(operand))
                text.Append(CultureInfo.InvariantCulture, $"| {4 + word++} + w + s | {part} |\n");
        }
        text.Append("\n## Constraints\n\n");
        foreach (ConstraintDefinition constraint in row.Constraints)
            text.Append(CultureInfo.InvariantCulture, $"- **{constraint.Label}** {constraint.Text}\n");
        text.Append(CultureInfo.InvariantCulture, $"\n## Occupies\n\n{row.Occupies}\n\n## Semantics\n\n{Semantics(row)}");
        return text.ToString();
    }

    private string Semantics(InstructionDefinition row)
    {
        foreach ((string path, string source) in sources)
        {
            if ((Method(source, $"Visit({row.Name} ") ?? Method(source, $"Visit(Isa.{row.Name} ")) is { } method)
                return $"At one tile of one rank, from [{Path.GetFileName(path)}](../../{path}):\n\n```csharp\n{method}\n```\n";
        }
        return $"The reference machine in [{ReferenceFolder}](../../{ReferenceFolder}) defines it.\n";
    }

    /// <summary>The text of the method whose declaration contains <paramref name="signature"/>, without its indentation.</summary>
    private static string? Method(string source, string signature)
    {
        int at = source.IndexOf(signature, StringComparison.Ordinal);
        if (at < 0)
            return null;
        int start = source.LastIndexOf('\n', at) + 1;
        int close = source.IndexOf(')', at);
        int brace = source.IndexOf('{', close);
        int arrow = source.IndexOf("=>", close, StringComparison.Ordinal);
        int end;
        if (arrow >= 0 && (brace < 0 || arrow < brace))
        {
            end = source.IndexOf(";\n", arrow, StringComparison.Ordinal) + 1;
        }
        else
        {
            int depth = 0;
            end = brace;
            do
            {
                depth += source[end] switch
                {
                    '{' => 1,
                    '}' => -1,
                    _ => 0,
                };
                end++;
            } while (depth > 0 && end < source.Length);
        }
        string[] lines = source[start..end].Split('\n');
        int indent = lines[0].Length - lines[0].TrimStart().Length;
        return string.Join('\n', lines.Select(l => l.Length >= indent ? l[indent..] : l.TrimStart()));
    }

    private static string Placeholder(OperandDefinition operand) =>
        operand.Kind switch
        {
            OperandKind.OptionalRead => "descriptor|none",
            OperandKind.Integer => "integer",
            OperandKind.Float => "float",
            OperandKind.Flag => "0|1",
            OperandKind.Enumeration => operand.Enumeration!.Name,
            OperandKind.Size => "size",
            OperandKind.Index => "index",
            _ => "descriptor",
        };

    private static string Kind(OperandDefinition operand) =>
        operand.Kind switch
        {
            OperandKind.Read => "region, read",
            OperandKind.OptionalRead => "region, read; or none",
            OperandKind.Write => "region, written",
            OperandKind.ReadWrite => "region, read and written",
            OperandKind.Float => "binary32",
            OperandKind.Enumeration => string.Join(
                ", ",
                Enum.GetValues(operand.Enumeration!).Cast<object>().Select(v => $"{v} = {Convert.ToInt32(v, CultureInfo.InvariantCulture)}")
            ),
            _ => operand.Kind.ToString().ToLowerInvariant(),
        };

    private static string[] Words(OperandDefinition operand) =>
        operand.Kind switch
        {
            OperandKind.Size =>
            [
                $"{operand.Name}: symbol",
                $"{operand.Name}: multiplier",
                $"{operand.Name}: offset",
                $"{operand.Name}: divisor",
            ],
            OperandKind.Index => [$"{operand.Name}: base", $"{operand.Name}: step", $"{operand.Name}: loop level"],
            OperandKind.OptionalRead => [$"{operand.Name}: descriptor, −1 for none"],
            OperandKind.Float => [$"{operand.Name}: bits of a binary32"],
            OperandKind.Integer or OperandKind.Flag or OperandKind.Enumeration => [operand.Name],
            _ => [$"{operand.Name}: descriptor"],
        };

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
