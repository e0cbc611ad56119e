namespace Tapeout.Chips;

/// <summary>A place in an input: line and column count from 1; line 0 means the input as a whole (an override of the command line).</summary>
internal readonly record struct DocumentPosition(string File, int Line, int Column)
{
    public override string ToString() => Line == 0 ? File : $"{File}:{Line}:{Column}";
}

/// <summary>A piece of a YAML document that still knows where it stands.</summary>
internal abstract record DocumentNode(DocumentPosition Position);

/// <summary>A text.</summary>
internal sealed record ScalarNode(DocumentPosition Position, string Text) : DocumentNode(Position)
{
    /// <summary>True for the ways of writing that something is absent.</summary>
    public bool IsNone => Text is "" or "~" or "null" or "none";
}

/// <summary>A list.</summary>
internal sealed record SequenceNode(DocumentPosition Position, IReadOnlyList<DocumentNode> Items) : DocumentNode(Position);

/// <summary>One key of a mapping with its value.</summary>
internal sealed record MappingEntry(string Key, DocumentPosition Position, DocumentNode Value);

/// <summary>Keys with values, in the order of the file; keys are unique.</summary>
internal sealed record MappingNode(DocumentPosition Position, IReadOnlyList<MappingEntry> Entries) : DocumentNode(Position)
{
    public MappingEntry? Find(string key) => Entries.FirstOrDefault(e => e.Key == key);

    public MappingNode Without(string key) => this with { Entries = [.. Entries.Where(e => e.Key != key)] };

    public MappingNode With(MappingEntry entry) =>
        Find(entry.Key) is null
            ? this with
            {
                Entries = [.. Entries, entry],
            }
            : this with
            {
                Entries = [.. Entries.Select(e => e.Key == entry.Key ? entry : e)],
            };
}
