using System.Globalization;
using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Applies <c>--set path=value</c> to a document: <c>tiles=8x8</c>, <c>memory[0].bandwidth=4TB/s</c>, <c>attention=none</c>.</summary>
internal static class Override
{
    public static MappingNode Apply(MappingNode document, string text, ProblemList problems)
    {
        string label = "--set " + Dimensions.Shorten(text);
        DocumentPosition position = new(label, 0, 0);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            problems.Add(position, "", "the override has no path: write path=value, e.g. \"tiles=8x8\"");
            return document;
        }
        string path = text[..equals].Trim();
        if (path is "extends")
        {
            problems.Add(position, "", "'extends' cannot be overridden: name the other chip instead");
            return document;
        }
        List<object> steps = [];
        foreach (string part in path.Split('.'))
        {
            int bracket = part.IndexOf('[', StringComparison.Ordinal);
            steps.Add(bracket < 0 ? part : part[..bracket]);
            if (bracket < 0)
                continue;
            if (
                !part.EndsWith(']')
                || !int.TryParse(part[(bracket + 1)..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            )
            {
                problems.Add(position, "", $"'{part}' is not an element of a list: write e.g. \"memory[0]\"");
                return document;
            }
            steps.Add(index);
        }
        if (steps.Any(s => s is ""))
        {
            problems.Add(position, "", $"'{path}' is not a path: write keys with dots between, e.g. \"sram.capacity\"");
            return document;
        }
        try
        {
            DocumentNode value = YamlDocument.ReadValue(text[(equals + 1)..], label);
            return (MappingNode)Set(document, steps, 0, value, position, problems);
        }
        catch (InvalidInputException exception)
        {
            foreach (string problem in exception.Problems)
                problems.Add(position, "", problem.TrimEnd('.'));
            return document;
        }
    }

    private static DocumentNode Set(
        DocumentNode? node,
        List<object> steps,
        int at,
        DocumentNode value,
        DocumentPosition position,
        ProblemList problems
    )
    {
        if (at == steps.Count)
            return value;
        string reached = string.Concat(steps.Take(at + 1).Select(s => s is int i ? $"[{i}]" : "." + s)).TrimStart('.');
        if (steps[at] is int index)
        {
            if (node is SequenceNode list && index < list.Items.Count)
            {
                DocumentNode[] items = [.. list.Items];
                items[index] = Set(items[index], steps, at + 1, value, position, problems);
                return list with { Items = items };
            }
            int count = node is SequenceNode present ? present.Items.Count : 0;
            problems.Add(
                position,
                reached,
                count == 0 ? "there is no such list" : $"there is no element {index}: the list has elements 0 to {count - 1}"
            );
            return node ?? new MappingNode(position, []);
        }
        string key = (string)steps[at];
        if (node is MappingNode mapping && !RecordBinder.IsFigure(mapping))
        {
            MappingEntry? old = mapping.Find(key);
            return mapping.With(new(key, position, Set(old?.Value, steps, at + 1, value, position, problems)));
        }
        if (node is null or ScalarNode { IsNone: true })
            return new MappingNode(position, [new(key, position, Set(null, steps, at + 1, value, position, problems))]);
        problems.Add(
            position,
            reached,
            $"the field before it is {(node is SequenceNode ? "a list: write its number, e.g. \"memory[0]\"" : "a single value, which has no fields")}"
        );
        return node;
    }
}
