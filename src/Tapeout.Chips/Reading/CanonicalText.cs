using System.Collections;
using System.Security.Cryptography;
using System.Text;

namespace Tapeout.Chips;

/// <summary>The values of a description as lines "path=text", sorted by path: what its hash is taken over.</summary>
internal static class CanonicalText
{
    /// <summary>The SHA-256 of a description's lines, followed by those of the parts it only names.</summary>
    public static string HashOf(object record, IEnumerable<string>? parts = null) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Of(record) + string.Concat((parts ?? []).Select(p => p + "\n")))));

    public static string Of(object record)
    {
        List<string> lines = [];
        Collect(record, "", lines);
        lines.Sort(StringComparer.Ordinal);
        return string.Concat(lines.Select(line => line + "\n"));
    }

    private static void Collect(object record, string path, List<string> lines)
    {
        foreach (RecordField field in RecordShape.Of(record.GetType()).Fields.Where(f => !f.IsProvenance))
        {
            if (field.Property.GetValue(record) is not { } value)
                continue;
            string fieldPath = path.Length == 0 ? field.Key : path + "." + field.Key;
            switch (field.Kind)
            {
                case FieldKind.Leaf:
                    lines.Add($"{fieldPath}={Escape(Leaf.Print(value))}");
                    break;
                case FieldKind.Section:
                    Collect(value, fieldPath, lines);
                    break;
                case FieldKind.LeafList or FieldKind.SectionList:
                    int index = 0;
                    foreach (object item in (IEnumerable)value)
                        Item(field, item, $"{fieldPath}[{index++}]", lines);
                    break;
                default:
                    foreach (DictionaryEntry entry in (IDictionary)value)
                        Item(field, entry.Value!, $"{fieldPath}.{entry.Key}", lines);
                    break;
            }
        }
    }

    private static void Item(RecordField field, object item, string path, List<string> lines)
    {
        if (field.Leaf is null)
            Collect(item, path, lines);
        else
            lines.Add($"{path}={Escape(Leaf.Print(item))}");
    }

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
