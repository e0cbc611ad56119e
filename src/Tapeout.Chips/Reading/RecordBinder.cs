using System.Collections;
using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Fills records from a document and collects every problem and every figure on the way.</summary>
internal sealed class RecordBinder(ProblemList problems, IReadOnlyDictionary<string, SourceReference> sources)
{
    private static readonly string[] FigureKeys = ["value", "confidence", "sources", "note", "range"];

    private readonly List<ChipFigure> figures = [];

    /// <summary>The figures read so far, in the order of the record.</summary>
    public IReadOnlyList<ChipFigure> Figures => figures;

    /// <summary>True for a mapping that gives a figure's provenance beside its value.</summary>
    public static bool IsFigure(MappingNode node) => node.Find("value") is not null;

    /// <summary>The record, or null if any of it could not be read.</summary>
    public object? Bind(Type type, MappingNode node, string path)
    {
        RecordShape shape = RecordShape.Of(type);
        int before = problems.Count;
        foreach (MappingEntry entry in node.Entries.Where(e => shape.Fields.All(f => f.Key != e.Key)))
        {
            string[] keys = [.. shape.Fields.Select(f => f.Key)];
            problems.Add(
                entry.Position,
                path,
                $"'{Dimensions.Shorten(entry.Key)}' is not a known key{Sentence.DidYouMean(entry.Key, keys)}: the keys here are {Sentence.Enumeration(keys)}"
            );
        }
        object record = Activator.CreateInstance(type)!;
        foreach (RecordField field in shape.Fields)
        {
            MappingEntry? entry = node.Find(field.Key);
            string fieldPath = path.Length == 0 ? field.Key : path + "." + field.Key;
            bool none = entry?.Value is ScalarNode { IsNone: true };
            if (none && !field.IsRequired && (field.IsNullable || field.Kind != FieldKind.Leaf))
                continue;
            if (entry is null && field.IsRequired)
                problems.Add(node.Position, path, $"'{field.Key}' is missing: add {field.Example}");
            if (entry is null)
                continue;
            if (BindField(field, entry.Value, fieldPath) is { } value)
                field.Property.SetValue(record, value);
        }
        if (problems.Count > before)
            return null;
        if (record is IChecked rules)
        {
            foreach ((string key, string problem) in rules.Check())
            {
                // What a variant made unfit is shown in the variant, not in the file it inherits the other field from.
                DocumentPosition position = node.Find(key)?.Position ?? node.Position;
                position = position.File == node.Position.File || position.Line == 0 ? position : node.Position;
                problems.Add(position, path.Length == 0 ? key : path + "." + key, problem);
            }
        }
        return record;
    }

    private object? BindField(RecordField field, DocumentNode node, string path)
    {
        switch (field.Kind)
        {
            case FieldKind.Leaf:
                return BindLeaf(field, node, path);
            case FieldKind.Section:
                if (node is MappingNode section)
                    return Bind(field.ItemType, section, path);
                string[] keys = [.. RecordShape.Of(field.ItemType).Fields.Select(f => f.Key)];
                problems.Add(
                    node.Position,
                    path,
                    $"is {YamlDocument.Describe(node)}, but must be a mapping with the keys {Sentence.Enumeration(keys)}"
                );
                return null;
            case FieldKind.LeafList:
            case FieldKind.SectionList:
                return BindList(field, node, path);
            default:
                return BindMap(field, node, path);
        }
    }

    private IList? BindList(RecordField field, DocumentNode node, string path)
    {
        if (node is not SequenceNode list)
        {
            string example =
                field.Kind == FieldKind.LeafList ? $"e.g. [{field.Leaf!.Example}]" : "each element a mapping that starts with \"- \"";
            problems.Add(node.Position, path, $"is {YamlDocument.Describe(node)}, but must be a list: write {example}");
            return null;
        }
        IList items = field.Leaf?.NewList() ?? (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(field.ItemType))!;
        for (int i = 0; i < list.Items.Count; i++)
        {
            string itemPath = $"{path}[{i}]";
            object? item = null;
            if (field.Kind == FieldKind.LeafList)
                item = BindLeaf(field, list.Items[i], itemPath);
            else if (list.Items[i] is MappingNode section)
                item = Bind(field.ItemType, section, itemPath);
            else
                problems.Add(list.Items[i].Position, itemPath, $"is {YamlDocument.Describe(list.Items[i])}, but must be a mapping");
            if (item is not null)
                items.Add(item);
        }
        if (list.Items.Count == 0 && field.IsRequired)
            problems.Add(node.Position, path, "is an empty list: give at least one element");
        return items;
    }

    private IDictionary? BindMap(RecordField field, DocumentNode node, string path)
    {
        if (node is not MappingNode mapping)
        {
            problems.Add(node.Position, path, $"is {YamlDocument.Describe(node)}, but must be a mapping from names to values");
            return null;
        }
        IDictionary items =
            field.Leaf?.NewMap()
            ?? (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), field.ItemType))!;
        foreach (MappingEntry entry in mapping.Entries)
        {
            string itemPath = path + "." + entry.Key;
            object? item = null;
            if (field.Kind == FieldKind.LeafMap)
                item = BindLeaf(field, entry.Value, itemPath);
            else if (entry.Value is MappingNode section)
                item = Bind(field.ItemType, section, itemPath);
            else
                problems.Add(entry.Value.Position, itemPath, $"is {YamlDocument.Describe(entry.Value)}, but must be a mapping");
            if (item is not null)
                items[entry.Key] = item;
        }
        return items;
    }

    private object? BindLeaf(RecordField field, DocumentNode node, string path)
    {
        if (node is MappingNode mapping && (field.Leaf!.IsFigure || IsFigure(mapping)))
            return BindFigure(field, mapping, path);
        object? value = ReadScalar(field, node, path);
        if (value is not null && field.Leaf!.IsFigure)
        {
            bool overridden = node.Position.Line == 0;
            figures.Add(new(path, Sourced<string>.Assumed(Leaf.Print(value), overridden ? "set on the command line" : null)));
        }
        return value;
    }

    private object? ReadScalar(RecordField field, DocumentNode node, string path)
    {
        if (node is not ScalarNode scalar)
        {
            problems.Add(
                node.Position,
                path,
                $"is {YamlDocument.Describe(node)}, but must be {field.Leaf!.Noun}, e.g. \"{field.Leaf.Example}\""
            );
            return null;
        }
        (object? value, string problem) = field.Leaf!.Read(scalar.Text);
        if (value is null)
            problems.Add(node.Position, path, problem);
        else if (field.Least is not null && (field.Least.CompareTo(value) > 0 || field.Greatest!.CompareTo(value) < 0))
        {
            string bounds = $"from {Leaf.Print(field.Least)} to {Leaf.Print(field.Greatest!)}";
            problems.Add(node.Position, path, $"'{Dimensions.Shorten(scalar.Text)}' is out of range: write {field.Leaf.Noun} {bounds}");
            return null;
        }
        return value;
    }

    private object? BindFigure(RecordField field, MappingNode mapping, string path)
    {
        foreach (MappingEntry entry in mapping.Entries.Where(e => !FigureKeys.Contains(e.Key)))
        {
            string guess = Sentence.DidYouMean(entry.Key, FigureKeys);
            problems.Add(
                entry.Position,
                path,
                $"'{Dimensions.Shorten(entry.Key)}' is not a known key{guess}: a figure has {Sentence.Enumeration(FigureKeys)}"
            );
        }
        if (mapping.Find("value") is not { } valueEntry)
        {
            problems.Add(
                mapping.Position,
                path,
                $"'value' is missing: a figure is a text such as \"{field.Leaf!.Example}\", or a mapping with value, confidence, sources, note and range"
            );
            return null;
        }
        object? value = ReadScalar(field, valueEntry.Value, path);
        IReadOnlyList<string> cited = ReadSources(mapping, path);
        Confidence confidence = cited.Count > 0 ? Confidence.ThirdParty : Confidence.Assumed;
        if (mapping.Find("confidence") is { } confidenceEntry)
        {
            (object? read, string problem) = Leaf.For(typeof(Confidence))!.Read(confidenceEntry.Value is ScalarNode s ? s.Text : "");
            if (read is null)
                problems.Add(confidenceEntry.Value.Position, path + ".confidence", problem);
            else
                confidence = (Confidence)read;
        }
        string? note = (mapping.Find("note")?.Value as ScalarNode)?.Text;
        SourcedRange<string>? range = ReadRange(field, mapping, path);
        if (value is not null && field.Leaf!.IsFigure)
            figures.Add(new(path, new Sourced<string>(Leaf.Print(value), confidence, cited, note, range)));
        return value;
    }

    private List<string> ReadSources(MappingNode mapping, string path)
    {
        List<string> cited = [];
        DocumentNode? node = mapping.Find("sources")?.Value;
        IEnumerable<DocumentNode> items =
            node is SequenceNode list ? list.Items
            : node is null ? []
            : [node];
        foreach (DocumentNode item in items)
        {
            string text = item is ScalarNode scalar ? scalar.Text : "";
            if (sources.TryGetValue(text, out SourceReference? source))
                cited.Add(source.Url is null ? source.Title : $"{source.Title} <{source.Url}>");
            else if (text.Contains(' ', StringComparison.Ordinal) || text.Contains("://", StringComparison.Ordinal))
                cited.Add(text);
            else
            {
                string guess = Sentence.DidYouMean(text, sources.Keys);
                problems.Add(
                    item.Position,
                    path + ".sources",
                    $"'{Dimensions.Shorten(text)}' is not a key under 'sources'{guess}: add it there, or write the source out"
                );
            }
        }
        return cited;
    }

    private SourcedRange<string>? ReadRange(RecordField field, MappingNode mapping, string path)
    {
        if (mapping.Find("range")?.Value is not { } node)
            return null;
        if (node is not SequenceNode { Items: [var first, var second] })
        {
            problems.Add(
                node.Position,
                path + ".range",
                $"is {YamlDocument.Describe(node)}, but must be a list of the least and the greatest value"
            );
            return null;
        }
        object? least = ReadScalar(field, first, path + ".range");
        object? greatest = ReadScalar(field, second, path + ".range");
        if (least is null || greatest is null)
            return null;
        if (least is IComparable low && low.CompareTo(greatest) > 0)
            problems.Add(
                node.Position,
                path + ".range",
                $"the least value {Leaf.Print(least)} is more than the greatest {Leaf.Print(greatest)}: swap them"
            );
        return new(Leaf.Print(least), Leaf.Print(greatest));
    }
}
