using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tapeout.Isa;

public static partial class InstructionTable
{
    private static readonly Type[] EnumerationsOnDisk =
    [
        typeof(AccumulateMode),
        typeof(AttentionResult),
        typeof(AxisKind),
        typeof(BinaryFunction),
        typeof(BufferKind),
        typeof(CollectiveAlgorithm),
        typeof(Engine),
        typeof(Group),
        typeof(HostData),
        typeof(MatMulResult),
        typeof(NormSumKind),
        typeof(ReduceOperation),
        typeof(RopePairing),
        typeof(RouteScoring),
        typeof(RowSource),
        typeof(Space),
        typeof(Symbol),
        typeof(UnaryFunction),
    ];

    private static readonly Lazy<string> JsonText = new(MakeJson);

    private static readonly Lazy<string> JsonHash = new(() =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(JsonText.Value)))
    );

    /// <summary>The whole instruction set as JSON: what docs/isa/isa.json holds, byte for byte.</summary>
    public static string Json => JsonText.Value;

    /// <summary>SHA-256 of <see cref="Json"/> in UTF-8, in hex: what a tape's header names.</summary>
    public static string Hash => JsonHash.Value;

    private static string MakeJson()
    {
        using MemoryStream stream = new();
        JsonWriterOptions options = new()
        {
            Indented = true,
            IndentSize = 2,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        using (Utf8JsonWriter json = new(stream, options))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteNumber("containerVersion", TapeFile.ContainerVersion);
            json.WriteStartArray("header");
            foreach (BitField field in InstructionHeader.Fields)
            {
                json.WriteStartObject();
                json.WriteString("name", field.Name);
                json.WriteNumber("low", field.Low);
                json.WriteNumber("width", field.Width);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartObject("enumerations");
            foreach (Type type in EnumerationsOnDisk)
            {
                json.WriteStartObject(type.Name);
                foreach (object value in Enum.GetNames(type).Select(name => Enum.Parse(type, name)))
                    json.WriteNumber(value.ToString()!, Convert.ToInt32(value, CultureInfo.InvariantCulture));
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteStartArray("instructions");
            foreach (InstructionDefinition row in All)
                Row(json, row);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static void Row(Utf8JsonWriter json, InstructionDefinition row)
    {
        json.WriteStartObject();
        json.WriteNumber("opcode", row.Code);
        json.WriteString("mnemonic", row.Mnemonic);
        json.WriteString("name", row.Name);
        json.WriteString("engine", row.Engine.ToString());
        json.WriteString("summary", row.Summary);
        json.WriteStartArray("operands");
        foreach (OperandDefinition operand in row.Operands)
        {
            json.WriteStartObject();
            json.WriteString("name", operand.Name);
            json.WriteString("kind", operand.Kind.ToString());
            if (operand.Enumeration is not null)
                json.WriteString("enumeration", operand.Enumeration.Name);
            json.WriteNumber("words", operand.Words);
            json.WriteString("summary", operand.Summary);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("constraints");
        foreach (ConstraintDefinition constraint in row.Constraints)
        {
            json.WriteStartObject();
            json.WriteString("label", constraint.Label);
            json.WriteString("text", constraint.Text);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("occupies", row.Occupies);
        json.WriteEndObject();
    }
}
