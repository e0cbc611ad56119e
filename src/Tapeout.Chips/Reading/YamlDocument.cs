using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Tapeout.Chips;

/// <summary>
/// Reads YAML into <see cref="DocumentNode"/>s from the parser's events. Anchors, aliases and tags are refused, and size and depth are
/// bounded, so a hostile file costs no more than its own length.
/// </summary>
internal sealed class YamlDocument
{
    public const int LargestFile = 1 << 20;
    private const int DeepestNesting = 16;
    private const int MostNodes = 20_000;

    private readonly string file;
    private readonly Parser parser;
    private readonly ProblemList problems;
    private int nodes;

    private YamlDocument(string text, string file, ProblemList problems)
    {
        this.file = file;
        this.problems = problems;
        parser = new Parser(new StringReader(text));
    }

    /// <summary>The document as a mapping; any problem ends the reading, since nothing after it can be trusted.</summary>
    public static MappingNode ReadMapping(string text, string file)
    {
        ProblemList problems = new();
        DocumentPosition top = new(file, 1, 1);
        if (text.Length > LargestFile)
        {
            problems.Add(
                new(file, 0, 0),
                "",
                $"the file has {text.Length} characters, more than the {LargestFile} that a description may have"
            );
            problems.ThrowIfAny();
        }
        DocumentNode? root = new YamlDocument(text, file, problems).ReadRoot();
        problems.ThrowIfAny();
        if (root is null)
            problems.Add(top, "", "the file is empty: write keys and values, e.g. \"name: my-chip\"");
        else if (root is not MappingNode)
            problems.Add(
                root.Position,
                "",
                $"the file holds {Describe(root)}, but a description is a mapping: write keys and values, e.g. \"name: my-chip\""
            );
        problems.ThrowIfAny();
        return (MappingNode)root!;
    }

    /// <summary>One value as it stands on a command line: a scalar, or YAML's flow form of a list or mapping.</summary>
    public static DocumentNode ReadValue(string text, string file)
    {
        ProblemList problems = new();
        bool flow = text.StartsWith('[') || text.StartsWith('{');
        DocumentNode? value = flow ? new YamlDocument(text, file, problems).ReadRoot() : new ScalarNode(new(file, 0, 0), text.Trim());
        problems.ThrowIfAny();
        return value is null ? new ScalarNode(new(file, 0, 0), "") : Unplaced(value, new(file, 0, 0));
    }

    public static string Describe(DocumentNode node) =>
        node switch
        {
            MappingNode => "a mapping",
            SequenceNode => "a list",
            ScalarNode { Text: "" } => "nothing",
            ScalarNode scalar => $"'{Dimensions.Shorten(scalar.Text)}'",
            _ => "something else",
        };

    private DocumentNode? ReadRoot()
    {
        try
        {
            while (Advance())
            {
                if (parser.Current is StreamStart or DocumentStart)
                    continue;
                if (parser.Current is StreamEnd or null)
                    return null;
                DocumentNode root = ReadNode(0);
                Expect(parser.Current is DocumentEnd, "text follows the document: remove it");
                Advance();
                Expect(parser.Current is StreamEnd, "a second document follows: a file holds one description");
                // A file of comments only is one empty scalar.
                return root is ScalarNode { Text: "" } ? null : root;
            }
        }
        catch (YamlException exception)
        {
            string reason = exception.Message.TrimEnd('.');
            int colon = reason.LastIndexOf("): ", StringComparison.Ordinal);
            problems.Add(
                new(file, (int)Math.Max(1, exception.Start.Line), (int)Math.Max(1, exception.Start.Column)),
                "",
                $"the text is not YAML: {(colon < 0 ? reason : reason[(colon + 3)..])}"
            );
        }
        catch (RefusedException) { }
        return null;
    }

    /// <summary>Reads the node that the parser stands on and moves behind it.</summary>
    private DocumentNode ReadNode(int depth)
    {
        Expect(parser.Current is not null, "the text ends too early");
        ParsingEvent current = parser.Current!;
        Expect(++nodes <= MostNodes, $"the file has more than {MostNodes} values");
        Expect(depth <= DeepestNesting, $"values are nested more than {DeepestNesting} deep");
        Expect(current is not AnchorAlias, "an alias (*name) is not allowed: write the value out, or use extends");
        if (current is NodeEvent node)
        {
            Expect(node.Anchor.IsEmpty, "an anchor (&name) is not allowed: write the value out, or use extends");
            Expect(node.Tag.IsEmpty, "a tag (!name) is not allowed: write the plain value");
        }
        DocumentPosition position = Here();
        switch (current)
        {
            case Scalar scalar:
                Advance();
                return new ScalarNode(position, scalar.Value);
            case SequenceStart:
                List<DocumentNode> items = [];
                Advance();
                while (parser.Current is not SequenceEnd)
                    items.Add(ReadNode(depth + 1));
                Advance();
                return new SequenceNode(position, items);
            case MappingStart:
                List<MappingEntry> entries = [];
                HashSet<string> keys = [];
                Advance();
                while (parser.Current is not MappingEnd)
                {
                    DocumentPosition keyPosition = Here();
                    DocumentNode key = ReadNode(depth + 1);
                    string name = key is ScalarNode text ? text.Text : "";
                    Expect(name.Length > 0, $"a key is {Describe(key)}: a key is a word", keyPosition);
                    Expect(keys.Add(name), $"'{Dimensions.Shorten(name)}' is given twice: remove one", keyPosition);
                    entries.Add(new(name, keyPosition, ReadNode(depth + 1)));
                }
                Advance();
                return new MappingNode(position, entries);
            default:
                Expect(false, "the text ends too early");
                throw new RefusedException();
        }
    }

    /// <summary>Moves to the next event; the parser has more than one way of saying that it cannot go on.</summary>
    private bool Advance()
    {
        try
        {
            return parser.MoveNext();
        }
        catch (Exception exception)
            when (exception is InvalidOperationException or ArgumentException or FormatException or OverflowException)
        {
            Expect(false, "the text is not YAML from here on: check quotes, brackets and indentation");
            return false;
        }
    }

    private DocumentPosition Here() =>
        parser.Current is { } current ? new(file, (int)current.Start.Line, (int)current.Start.Column) : new(file, 1, 1);

    private void Expect(bool condition, string problem, DocumentPosition? position = null)
    {
        if (condition)
            return;
        problems.Add(position ?? Here(), "", problem);
        throw new RefusedException();
    }

    private static DocumentNode Unplaced(DocumentNode node, DocumentPosition position) =>
        node switch
        {
            SequenceNode sequence => new SequenceNode(position, [.. sequence.Items.Select(i => Unplaced(i, position))]),
            MappingNode mapping => new MappingNode(
                position,
                [.. mapping.Entries.Select(e => new MappingEntry(e.Key, position, Unplaced(e.Value, position)))]
            ),
            _ => node with { Position = position },
        };

    /// <summary>Unwinds the recursion after a problem was noted.</summary>
    private sealed class RefusedException : Exception;
}
