using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>
/// A process node as data: energy, density, leakage and cost constants by name, each with its source, confidence and range. The node
/// <c>common</c> holds what belongs to no process (memory devices, links, prices).
/// </summary>
public sealed record TechnologyNode : IChecked
{
    /// <summary>The name that chips cite: 5nm.</summary>
    public required string Name { get; init; }

    /// <summary>What a person calls it.</summary>
    public required string Title { get; init; }

    /// <summary>The constants by name; a name without a number (the defect density of an unreported node) is absent: it is unknown.</summary>
    public required IReadOnlyDictionary<string, Measure> Constants { get; init; }

    /// <summary>The sources that constants cite by key.</summary>
    [Provenance]
    public IReadOnlyDictionary<string, SourceReference> Sources { get; init; } = new Dictionary<string, SourceReference>();

    /// <summary>Every constant with its provenance; paths start with "constants.".</summary>
    [NotInFile]
    public IReadOnlyList<ChipFigure> Figures { get; init; } = [];

    /// <summary>The SHA-256 of all values, as <see cref="ChipDescription.Hash"/>.</summary>
    public string Hash => CanonicalText.HashOf(this);

    /// <summary>Loads a node by its name in the catalog or from a file, with overrides such as "constants.int8Mac=0.05pJ".</summary>
    public static TechnologyNode Load(string nameOrPath, IReadOnlyList<string>? overrides = null)
    {
        (TechnologyNode node, IReadOnlyList<ChipFigure> figures) = DescriptionReader.Load<TechnologyNode>(
            CatalogFolder.Technology,
            nameOrPath,
            overrides ?? []
        );
        return node with { Figures = figures };
    }

    /// <summary>True if the node has a value for the constant.</summary>
    public bool Knows(string constant) => Constants.ContainsKey(constant);

    /// <summary>The constant as a quantity, e.g. <c>Find&lt;Energy&gt;("int8Mac")</c>; an <see cref="InvalidInputException"/> if it is unknown.</summary>
    public Sourced<T> Find<T>(string constant)
        where T : struct, IQuantity<T> => Provenance(constant).Select(T.Parse);

    /// <summary>The constant as a number in <paramref name="unit"/>; an <see cref="InvalidInputException"/> if it is unknown or in another unit.</summary>
    public Sourced<decimal> Find(string constant, string unit) => Provenance(constant).Select(text => Parse(text).In(unit));

    IEnumerable<(string Key, string Problem)> IChecked.Check()
    {
        if (!CatalogName.IsValid(Name))
            yield return ("name", CatalogName.Problem(Name));
    }

    private static Measure Parse(string text) =>
        Measure.TryParse(text, out Measure measure, out string problem) ? measure : throw new InvalidInputException(problem + ".");

    private Sourced<string> Provenance(string constant) =>
        Figures.FirstOrDefault(f => f.Path == "constants." + constant)?.Figure
        ?? throw new InvalidInputException(
            $"The technology node {Name} has no constant '{constant}'{Sentence.DidYouMean(constant, Constants.Keys)}: it is unknown there, so choose another node or set it."
        );
}
