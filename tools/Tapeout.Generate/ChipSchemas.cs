using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Quantities;

namespace Tapeout.Generate;

/// <summary>
/// JSON schemas of the catalog's YAML files, for editors: keys and kinds of values from the records, explanations from their XML
/// documentation.
/// </summary>
public sealed class ChipSchemas
{
    private const string Dialect = "http://json-schema.org/draft-07/schema#";
    private static readonly JsonSerializerOptions Layout = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly XmlSummaries summaries = XmlSummaries.Of(typeof(ChipDescription).Assembly);
    private readonly SortedDictionary<string, JsonNode> definitions = new(StringComparer.Ordinal);

    /// <summary>The files this generator owns, as paths from the repository's root with their content.</summary>
    public static IEnumerable<(string Path, string Content)> Outputs()
    {
        yield return ("catalog/schema/chip.schema.json", new ChipSchemas().Schema(typeof(ChipDescription)));
        yield return ("catalog/schema/system.schema.json", new ChipSchemas().Schema(typeof(SystemDescription)));
        yield return ("catalog/schema/software.schema.json", new ChipSchemas().Schema(typeof(SoftwareStack)));
        yield return ("catalog/schema/technology.schema.json", new ChipSchemas().Schema(typeof(TechnologyNode)));
    }

    private string Schema(Type type)
    {
        JsonObject root = Record(type);
        ((JsonObject)root["properties"]!).Add(
            "extends",
            new JsonObject
            {
                ["type"] = "string",
                ["description"] = "The description this one is a variant of: a name in the catalog or the path of a file.",
            }
        );
        JsonArray required = [.. RecordShape.Of(type).Fields.Where(f => f.IsRequired).Select(f => JsonValue.Create(f.Key))];
        root["anyOf"] = new JsonArray(
            new JsonObject { ["required"] = new JsonArray("extends", "name") },
            new JsonObject { ["required"] = required }
        );
        JsonObject document = new() { ["$schema"] = Dialect, ["title"] = type.Name };
        foreach ((string key, JsonNode? value) in root)
            document[key] = value?.DeepClone();
        JsonObject all = [];
        foreach ((string key, JsonNode value) in definitions)
            all[key] = value.DeepClone();
        document["definitions"] = all;
        return document.ToJsonString(Layout).ReplaceLineEndings("\n") + "\n";
    }

    private JsonObject Record(Type type)
    {
        JsonObject properties = [];
        foreach (RecordField field in RecordShape.Of(type).Fields)
        {
            JsonObject schema = Field(field);
            schema["description"] = summaries.Property(type, field.Property.Name);
            properties[field.Key] = schema;
        }
        return new JsonObject
        {
            ["description"] = summaries.Type(type),
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["properties"] = properties,
        };
    }

    private JsonObject Field(RecordField field)
    {
        JsonObject item = field.Leaf is null ? Reference(field.ItemType) : Text(field.ItemType, field.Leaf);
        JsonObject schema = field.Kind switch
        {
            FieldKind.LeafList or FieldKind.SectionList => new JsonObject { ["type"] = "array", ["items"] = item },
            FieldKind.LeafMap or FieldKind.SectionMap => new JsonObject { ["type"] = "object", ["additionalProperties"] = item },
            _ => item,
        };
        bool mayBeNone = !field.IsRequired && (field.IsNullable || field.Kind != FieldKind.Leaf);
        return mayBeNone
            ? new JsonObject { ["anyOf"] = new JsonArray(schema, new JsonObject { ["enum"] = new JsonArray("none", null) }) }
            : schema;
    }

    private JsonObject Reference(Type type)
    {
        if (definitions.TryAdd(type.Name, new JsonObject()))
            definitions[type.Name] = Record(type);
        return new JsonObject { ["$ref"] = "#/definitions/" + type.Name };
    }

    private JsonObject Text(Type type, Leaf leaf)
    {
        string name =
            type == typeof(int) ? "WholeNumber"
            : type == typeof(decimal) ? "Number"
            : type.Name;
        definitions.TryAdd(name, Plain(type, leaf));
        JsonObject plain = new() { ["$ref"] = "#/definitions/" + name };
        if (!leaf.IsFigure)
            return plain;
        definitions.TryAdd(name + "Figure", new JsonObject { ["anyOf"] = new JsonArray(plain.DeepClone(), Sourced(plain)) });
        return new JsonObject { ["$ref"] = $"#/definitions/{name}Figure" };
    }

    private static JsonObject Plain(Type type, Leaf leaf)
    {
        JsonObject schema = [];
        if (type == typeof(bool))
            schema["type"] = "boolean";
        else if (type == typeof(int))
            schema["type"] = "integer";
        else if (type == typeof(decimal) || type == typeof(Measure))
            schema["type"] = new JsonArray("number", "string");
        else if (leaf.Choices.Count > 0)
            schema["enum"] = new JsonArray([.. leaf.Choices.Select(c => JsonValue.Create(c))]);
        else
        {
            schema["type"] = "string";
            if (leaf.Pattern.Length > 0)
                schema["pattern"] = leaf.Pattern;
            if (leaf.IsFigure)
                schema["examples"] = new JsonArray(leaf.Example);
        }
        return schema;
    }

    private static JsonObject Sourced(JsonObject plain)
    {
        string[] confidences = [.. Enum.GetNames<Confidence>().Select(Leaf.KebabCase)];
        return new JsonObject
        {
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["required"] = new JsonArray("value"),
            ["properties"] = new JsonObject
            {
                ["value"] = plain.DeepClone(),
                ["confidence"] = new JsonObject { ["enum"] = new JsonArray([.. confidences.Select(c => JsonValue.Create(c))]) },
                ["sources"] = new JsonObject
                {
                    ["type"] = "array",
                    ["items"] = new JsonObject { ["type"] = "string" },
                },
                ["note"] = new JsonObject { ["type"] = "string" },
                ["range"] = new JsonObject
                {
                    ["type"] = "array",
                    ["items"] = plain.DeepClone(),
                    ["minItems"] = 2,
                    ["maxItems"] = 2,
                },
            },
        };
    }
}
