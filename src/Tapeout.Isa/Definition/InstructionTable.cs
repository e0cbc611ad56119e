namespace Tapeout.Isa;

/// <summary>
/// The instruction set, defined once. Opcodes are never reused and operands are only added at the end of a row. After a change run
/// <c>dotnet run --project tools/Tapeout.Generate</c>: it writes the instruction types, the visitor, encoder, decoder, <c>isa.json</c> and the manual.
/// </summary>
public static partial class InstructionTable
{
    /// <summary>The version of the instruction set: it grows with every change of this table.</summary>
    public const int Version = 2;

    /// <summary>All rows, by opcode.</summary>
    public static IReadOnlyList<InstructionDefinition> All { get; } =
    [.. Control(), .. Movement(), .. MatrixProducts(), .. Vectors(), .. Mixtures(), .. Attention(), .. Exchanges(), .. HostLink()];

    private static readonly InstructionDefinition?[] ByCode = Index();

    /// <summary>The row of an opcode.</summary>
    public static InstructionDefinition Of(Opcode opcode) =>
        ByCode[(byte)opcode] ?? throw new ArgumentOutOfRangeException(nameof(opcode), opcode, "No such opcode.");

    /// <summary>The row of an opcode's number, or null if there is none.</summary>
    public static InstructionDefinition? Find(byte code) => ByCode[code];

    private static InstructionDefinition?[] Index()
    {
        var rows = new InstructionDefinition?[256];
        foreach (InstructionDefinition row in All)
            rows[row.Code] = rows[row.Code] is null ? row : throw new InvalidOperationException($"Opcode {row.Code} is defined twice.");
        return rows;
    }

    private static OperandDefinition Read(string name, string summary) => new(name, OperandKind.Read, summary);

    private static OperandDefinition Maybe(string name, string summary) => new(name, OperandKind.OptionalRead, summary);

    private static OperandDefinition Write(string name, string summary) => new(name, OperandKind.Write, summary);

    private static OperandDefinition ReadWrite(string name, string summary) => new(name, OperandKind.ReadWrite, summary);

    private static OperandDefinition Integer(string name, string summary) => new(name, OperandKind.Integer, summary);

    private static OperandDefinition Float(string name, string summary) => new(name, OperandKind.Float, summary);

    private static OperandDefinition Flag(string name, string summary) => new(name, OperandKind.Flag, summary);

    private static OperandDefinition Choice<T>(string name, string summary)
        where T : struct, Enum => new(name, OperandKind.Enumeration, summary, typeof(T));

    private static OperandDefinition Size(string name, string summary) => new(name, OperandKind.Size, summary);

    private static OperandDefinition IndexOperand(string name, string summary) => new(name, OperandKind.Index, summary);

    private static ConstraintDefinition[] Rules(params string[] texts) =>
        [.. texts.Select((text, i) => new ConstraintDefinition(i + 1, text))];
}
