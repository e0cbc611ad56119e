using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Chips in a topology behind a host: what a program is compiled for.</summary>
public sealed record SystemDescription : IChecked
{
    /// <summary>The name used on the command line and in tapes.</summary>
    public required string Name { get; init; }

    /// <summary>What a person calls it.</summary>
    public required string Title { get; init; }

    /// <summary>The chips.</summary>
    public required IReadOnlyList<SystemMember> Chips { get; init; }

    /// <summary>The wiring; none in a system of one chip.</summary>
    public TopologyDescription? Topology { get; init; }

    /// <summary>The link to the host; none: each chip's own host interface.</summary>
    public HostDescription? Host { get; init; }

    /// <summary>The software stack by its name in the catalog; none on chips whose program needs none.</summary>
    public string? Software { get; init; }

    /// <summary>The sources that figures cite by key.</summary>
    [Provenance]
    public IReadOnlyDictionary<string, SourceReference> Sources { get; init; } = new Dictionary<string, SourceReference>();

    /// <summary>Every figure of the system's own file with its provenance; the chips carry theirs.</summary>
    [NotInFile]
    public IReadOnlyList<ChipFigure> Figures { get; init; } = [];

    /// <summary>Chips in all.</summary>
    public int ChipCount => Chips.Sum(member => member.Count);

    /// <summary>The SHA-256 of all values and of the hashes of the chips, in their order.</summary>
    public string Hash => CanonicalText.HashOf(this, Chips.Select(member => member.Description.Hash));

    /// <summary>
    /// <paramref name="count"/> chips of one kind, fully connected over the chip's first link class. An <see cref="InvalidInputException"/>
    /// if more than one chip is asked for and the chip has no links or the count is not positive.
    /// </summary>
    public static SystemDescription Of(ChipDescription chip, int count = 1)
    {
        if (count is < 1 or > 1_000_000)
            throw new InvalidInputException($"A system of {count} chips cannot be: write a number of chips from 1 to 1000000.");
        if (count > 1 && chip.Links.Count == 0)
            throw new InvalidInputException(
                $"A system of {count} chips needs links, and the chip {chip.Name} has none: use 1 chip, or add links to its file."
            );
        return new SystemDescription
        {
            Name = count == 1 ? chip.Name : $"{chip.Name}-x{count}",
            Title = count == 1 ? chip.Title : $"{count} × {chip.Title}",
            Chips =
            [
                new SystemMember
                {
                    Chip = chip.Name,
                    Count = count,
                    Description = chip,
                },
            ],
            Topology =
                count == 1
                    ? null
                    : new TopologyDescription
                    {
                        Kind = TopologyKind.FullyConnected,
                        Link = chip.Links[0].Name,
                        HopLatency = chip.Links[0].Latency,
                    },
            Host = chip.Host,
        };
    }

    /// <summary>
    /// Loads a system by its name in the catalog or from a file, with the chips it names. Overrides as for
    /// <see cref="ChipReader.Load"/>, e.g. "chips[0].count=4".
    /// </summary>
    public static SystemDescription Load(string nameOrPath, IReadOnlyList<string>? overrides = null) =>
        Resolve(DescriptionReader.Load<SystemDescription>(CatalogFolder.Systems, nameOrPath, overrides ?? []), nameOrPath);

    /// <summary>Reads a system from YAML text; <paramref name="file"/> names it in refusals and is where paths of chips start.</summary>
    public static SystemDescription Parse(string yaml, string file, IReadOnlyList<string>? overrides = null) =>
        Resolve(DescriptionReader.Parse<SystemDescription>(CatalogFolder.Systems, yaml, file, overrides ?? []), file);

    IEnumerable<(string Key, string Problem)> IChecked.Check()
    {
        if (!CatalogName.IsValid(Name))
            yield return ("name", CatalogName.Problem(Name));
        if (ChipCount > 1 && Topology is null)
            yield return ("topology", $"is missing: {ChipCount} chips need one");
    }

    private static SystemDescription Resolve((SystemDescription System, IReadOnlyList<ChipFigure> Figures) read, string file)
    {
        List<string> problems = [];
        List<SystemMember> members = [];
        string directory = Path.GetDirectoryName(file) ?? "";
        foreach (SystemMember member in read.System.Chips)
        {
            try
            {
                bool isFile =
                    member.Chip.EndsWith(".yaml", StringComparison.Ordinal) || member.Chip.EndsWith(".yml", StringComparison.Ordinal);
                ChipDescription chip = ChipReader.Load(isFile ? Path.Combine(directory, member.Chip) : member.Chip);
                members.Add(member with { Description = chip });
                string? link = member.Link ?? read.System.Topology?.Link;
                if (link is not null && read.System.ChipCount > 1 && chip.Links.All(l => l.Name != link))
                {
                    string[] names = [.. chip.Links.Select(l => l.Name)];
                    string has = names.Length == 0 ? "has no links" : $"has {Sentence.Enumeration(names)}";
                    problems.Add($"{file}: chips: the chip {chip.Name} has no link class '{link}', which the topology uses: it {has}.");
                }
            }
            catch (InvalidInputException exception)
            {
                problems.AddRange(exception.Problems.Select(p => $"{file}: chips: {p}"));
            }
        }
        if (read.System.Software is { } software && !ChipCatalog.Names(CatalogFolder.Software).Contains(software))
        {
            IReadOnlyList<string> known = ChipCatalog.Names(CatalogFolder.Software);
            problems.Add(
                $"{file}: software: there is no software stack '{software}'{Sentence.DidYouMean(software, known)}: the catalog has {Sentence.Enumeration(known)}."
            );
        }
        if (problems.Count > 0)
            throw new InvalidInputException(problems);
        return read.System with { Chips = members, Figures = read.Figures };
    }
}
