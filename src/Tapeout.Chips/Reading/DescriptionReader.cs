using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Reads one kind of description: finds the file, lays it over what it extends, applies overrides and binds the record.</summary>
internal static class DescriptionReader
{
    private const int LongestChain = 8;

    /// <summary>The description named <paramref name="nameOrPath"/> of the catalog, or in a file.</summary>
    public static (T Description, IReadOnlyList<ChipFigure> Figures) Load<T>(
        CatalogFolder folder,
        string nameOrPath,
        IReadOnlyList<string> overrides
    )
        where T : class
    {
        (string text, string file) = ReadSource(folder, nameOrPath, Directory.GetCurrentDirectory());
        return Parse<T>(folder, text, file, overrides);
    }

    /// <summary>The description in <paramref name="text"/>; <paramref name="file"/> names it in refusals and is where relative paths start.</summary>
    public static (T Description, IReadOnlyList<ChipFigure> Figures) Parse<T>(
        CatalogFolder folder,
        string text,
        string file,
        IReadOnlyList<string> overrides
    )
        where T : class
    {
        ProblemList problems = new();
        MappingNode document = Extended(folder, YamlDocument.ReadMapping(text, file), [file]);
        foreach (string change in overrides)
            document = Override.Apply(document, change, problems);
        IReadOnlyDictionary<string, SourceReference> sources = ReadSources(document, problems);
        RecordBinder binder = new(problems, sources);
        object? record = binder.Bind(typeof(T), document, "");
        problems.ThrowIfAny();
        return ((T)record!, binder.Figures);
    }

    private static Dictionary<string, SourceReference> ReadSources(MappingNode document, ProblemList problems)
    {
        // Problems of the table itself are reported when the record is bound; here only what can be read is wanted.
        Dictionary<string, SourceReference> sources = [];
        RecordBinder binder = new(new ProblemList(), sources);
        foreach (MappingEntry entry in (document.Find("sources")?.Value as MappingNode)?.Entries ?? [])
        {
            if (entry.Key.Contains(' ', StringComparison.Ordinal))
                problems.Add(entry.Position, "sources", $"'{Dimensions.Shorten(entry.Key)}' has a blank: a key of a source is one word");
            SourceReference? source = entry.Value is MappingNode node
                ? (SourceReference?)binder.Bind(typeof(SourceReference), node, "")
                : null;
            sources[entry.Key] = source ?? new SourceReference { Title = entry.Key };
        }
        return sources;
    }

    private static MappingNode Extended(CatalogFolder folder, MappingNode document, List<string> chain)
    {
        if (document.Find("extends") is not { } extends)
            return document;
        DocumentPosition position = extends.Value.Position;
        if (extends.Value is not ScalarNode { IsNone: false } name)
            throw new InvalidInputException(
                $"{position}: extends: is {YamlDocument.Describe(extends.Value)}, but must be a name or the path of a file."
            );
        if (chain.Count > LongestChain)
            throw new InvalidInputException($"{position}: extends: the chain {string.Join(" → ", chain)} is longer than {LongestChain}.");
        if (document.Find("name") is null)
            throw new InvalidInputException($"{document.Position}: 'name' is missing: a variant needs a name of its own.");
        (string text, string file) basis;
        try
        {
            basis = ReadSource(folder, name.Text, Path.GetDirectoryName(Path.GetFullPath(document.Position.File)) ?? "");
        }
        catch (InvalidInputException exception)
        {
            throw new InvalidInputException([.. exception.Problems.Select(p => $"{position}: extends: {p}")]);
        }
        if (chain.Contains(basis.file))
            throw new InvalidInputException(
                $"{position}: extends: {string.Join(" → ", chain.Append(basis.file))} goes in a circle: let one of them stand alone."
            );
        MappingNode parent = Extended(folder, YamlDocument.ReadMapping(basis.text, basis.file), [.. chain, basis.file]);
        return DocumentMerge.Over(parent, document.Without("extends"));
    }

    private static (string Text, string File) ReadSource(CatalogFolder folder, string nameOrPath, string directory)
    {
        bool isPath =
            nameOrPath.Contains('/', StringComparison.Ordinal)
            || nameOrPath.Contains('\\', StringComparison.Ordinal)
            || nameOrPath.EndsWith(".yaml", StringComparison.Ordinal)
            || nameOrPath.EndsWith(".yml", StringComparison.Ordinal);
        if (!isPath)
        {
            if (ChipCatalog.Names(folder).Contains(nameOrPath))
                return (ChipCatalog.ReadText(folder, nameOrPath), ChipCatalog.FileOf(folder, nameOrPath));
            IReadOnlyList<string> names = ChipCatalog.Names(folder);
            string noun = ChipCatalog.NounOf(folder);
            throw new InvalidInputException(
                $"there is no {noun} '{Dimensions.Shorten(nameOrPath)}'{Sentence.DidYouMean(nameOrPath, names)}: the catalog has {Sentence.Enumeration(names)}, and a file is named by its path, e.g. \"./my-{noun.Replace(' ', '-')}.yaml\"."
            );
        }
        string full = Path.GetFullPath(Path.Combine(directory, nameOrPath));
        // The catalog's own files are resources, but may be reached by their path from each other.
        try
        {
            FileInfo info = new(full);
            if (Directory.Exists(full))
                throw new InvalidInputException($"'{nameOrPath}' is a folder: name a .yaml file in it.");
            if (!info.Exists)
                throw new InvalidInputException(
                    $"the file '{nameOrPath}' does not exist: name a file, or one of {Sentence.Enumeration(ChipCatalog.Names(folder))}."
                );
            if (info.Length > YamlDocument.LargestFile)
                throw new InvalidInputException(
                    $"{nameOrPath}: the file has {info.Length} bytes, more than the {YamlDocument.LargestFile} that a description may have."
                );
            return (
                File.ReadAllText(full),
                Path.IsPathRooted(nameOrPath) ? nameOrPath : Path.GetRelativePath(Directory.GetCurrentDirectory(), full)
            );
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"the file '{nameOrPath}' cannot be read: {exception.Message.TrimEnd('.')}.", exception);
        }
    }
}
