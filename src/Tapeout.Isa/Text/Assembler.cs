using System.Collections.Immutable;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Isa;

/// <summary>
/// Reads the text that <see cref="Disassembler"/> writes. Lines are directives (<c>.tape</c>, <c>.envelope</c>, <c>.origin</c>,
/// <c>.role</c>, <c>.buffer</c>, <c>.descriptor</c>, <c>.token</c>) or instructions; everything behind a semicolon is a comment. What the
/// operands of an instruction are called, and what they may be, is taken from <see cref="InstructionTable"/>.
/// </summary>
public sealed class Assembler
{
    private const int MostProblems = 20;

    private static readonly Dictionary<string, InstructionDefinition> Mnemonics = InstructionTable.All.ToDictionary(
        row => row.Mnemonic,
        StringComparer.OrdinalIgnoreCase
    );

    private readonly List<Origin> origins = [];
    private readonly List<RoleParts> roles = [];
    private Tape? header;
    private Envelope? envelope;

    private Assembler() { }

    private sealed record RoleParts(Role Head)
    {
        public List<TapeBuffer> Buffers { get; } = [];
        public List<Descriptor> Descriptors { get; } = [];
        public List<DependencyToken> Tokens { get; } = [];
        public List<Instruction> Instructions { get; } = [];
    }

    /// <summary>The tape that a text describes. It is not verified.</summary>
    /// <param name="text">The listing.</param>
    /// <param name="name">The file's name, for errors.</param>
    /// <exception cref="InvalidInputException">Lines cannot be read: each is named as <c>file:line:column</c> with what is allowed (the first 20).</exception>
    public static Tape Read(string text, string name)
    {
        Assembler assembler = new();
        List<string> problems = [];
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            int listed = assembler.Listed(line);
            try
            {
                assembler.Add(line);
            }
            catch (AssemblyException problem)
            {
                // The entry counts, so that those behind it do not seem misnumbered.
                if (assembler.Listed(line) == listed)
                    assembler.AddEmpty(line);
                problems.Add($"{name}:{number}:{problem.Column}: {problem.Message}.");
                if (problems.Count == MostProblems)
                    break;
            }
        }
        if (problems.Count == 0 && (assembler.header is null || assembler.envelope is null))
            problems.Add(
                $"{name}:{number}: the text has no .tape and .envelope lines; a listing made by 'tapeout disasm' starts with them."
            );
        return problems.Count > 0 ? throw new InvalidInputException(problems) : assembler.Finish();
    }

    private Tape Finish() =>
        header! with
        {
            Envelope = envelope!.Value,
            Origins = [.. origins],
            Roles =
            [
                .. roles.Select(r =>
                    r.Head with
                    {
                        Buffers = [.. r.Buffers],
                        Descriptors = [.. r.Descriptors],
                        Tokens = [.. r.Tokens],
                        Instructions = [.. r.Instructions],
                    }
                ),
            ],
        };

    private void Add(string text)
    {
        AssemblyLine? line = AssemblyLine.Parse(text);
        if (line is null)
            return;
        switch (line.Head)
        {
            case ".tape":
                header = Header(line);
                break;
            case ".envelope":
                envelope = new(
                    line.Integer("sequences"),
                    line.Integer("tokens"),
                    line.Integer("context"),
                    line.Integer("pages"),
                    line.Integer("logitRows")
                );
                break;
            case ".origin":
                line.Number(origins.Count);
                origins.Add(new(line.Text("name"), line.Integer("layer"), line.Integer("loop")));
                break;
            case ".role":
                roles.Add(new(RoleHead(line)));
                break;
            case ".buffer":
                line.Number(Current(line).Buffers.Count);
                Current(line).Buffers.Add(Buffer(line));
                break;
            case ".descriptor":
                line.Number(Current(line).Descriptors.Count);
                Current(line)
                    .Descriptors.Add(
                        new(line.Integer("buffer"), line.Index("stack0"), line.Index("stack1"), line.Axis("rows"), line.Axis("columns"))
                    );
                break;
            case ".token":
                line.Number(Current(line).Tokens.Count);
                Current(line).Tokens.Add(new(line.Name<Engine>("producer"), line.Name<Engine>("consumer"), line.Integer("credits")));
                break;
            default:
                Current(line).Instructions.Add(Instruction(line));
                break;
        }
        line.ExpectEnd();
    }

    /// <summary>Entries so far of the list that a directive adds to.</summary>
    private int Listed(string text) =>
        Directive(text) switch
        {
            ".origin" => origins.Count,
            ".buffer" when roles.Count > 0 => roles[^1].Buffers.Count,
            ".descriptor" when roles.Count > 0 => roles[^1].Descriptors.Count,
            ".token" when roles.Count > 0 => roles[^1].Tokens.Count,
            _ => 0,
        };

    private void AddEmpty(string text)
    {
        string directive = Directive(text);
        if (directive == ".origin")
            origins.Add(new("", -1, -1));
        if (roles.Count == 0)
            return;
        if (directive == ".buffer")
            roles[^1].Buffers.Add(null!);
        else if (directive == ".descriptor")
            roles[^1].Descriptors.Add(default);
        else if (directive == ".token")
            roles[^1].Tokens.Add(default!);
    }

    private static string Directive(string text) => text.TrimStart().Split([' ', '\t', ';'], 2)[0];

    private RoleParts Current(AssemblyLine line) =>
        roles.Count > 0 ? roles[^1] : throw line.Problem($"'{line.Head}' stands before the first role; put a .role line above it");

    private static Tape Header(AssemblyLine line)
    {
        int version = line.Integer("isa");
        if (version < 1 || version > InstructionTable.Version)
            throw line.Wrong(
                "isa",
                $"{version}",
                $"1 to {InstructionTable.Version}, the versions of the instruction set that this program knows"
            );
        return new()
        {
            IsaVersion = version,
            IsaHash = line.Text("isaHash"),
            Model = line.Text("model"),
            ModelHash = line.Text("modelHash"),
            Format = line.Text("format"),
            Envelope = default,
            Origins = [],
            Roles = [],
        };
    }

    private static Role RoleHead(AssemblyLine line) =>
        new()
        {
            Name = line.Text("name"),
            Chip = line.Text("chip"),
            ChipHash = line.Text("chipHash"),
            Ranks = line.Integer("ranks"),
            Tiles = line.Integer("tiles"),
            Buffers = [],
            Descriptors = [],
            Tokens = [],
            Instructions = [],
        };

    private static TapeBuffer Buffer(AssemblyLine line)
    {
        string format = line.Field("format");
        return new()
        {
            Format = OperandText.TryFormat(format, out NumberFormat parsed)
                ? parsed
                : throw line.Wrong("format", format, "a number format such as f32, int8-row or int4-g32"),
            Name = line.Text("name"),
            Kind = line.Name<BufferKind>("kind"),
            Space = line.Name<Space>("space"),
            Stack0 = line.Integer("stack0"),
            Stack1 = line.Integer("stack1"),
            Rows = line.Axis("rows"),
            Columns = line.Axis("columns"),
            Slots = line.Integer("slots"),
            SlotLevel = line.Integer("slotLevel"),
            Address = line.Long("address"),
            Tensor = line.Text("tensor"),
            FirstLayer = line.Integer("firstLayer"),
        };
    }

    private static Instruction Instruction(AssemblyLine line)
    {
        if (!Mnemonics.TryGetValue(line.Head, out InstructionDefinition? definition))
            throw line.Problem(
                $"'{line.Head}' is neither a directive nor a mnemonic{Sentence.DidYouMean(line.Head, Mnemonics.Keys)}; docs/isa/README.md lists both"
            );
        ImmutableArray<OperandValue> values = [.. definition.Operands.Select(line.Operand)];
        string tiles = line.Field("tiles");
        return InstructionFactory.Create((Opcode)definition.Code, values) with
        {
            Tiles = OperandText.TryTiles(tiles, out TileGroup group)
                ? group
                : throw line.Wrong("tiles", tiles, "first+count, such as 0+64"),
            Engine = line.Has("engine") ? line.Name<Engine>("engine") : definition.Engine,
            Origin = line.Integer("origin"),
            Waits = line.Tokens("wait"),
            Signals = line.Tokens("signal"),
        };
    }
}
