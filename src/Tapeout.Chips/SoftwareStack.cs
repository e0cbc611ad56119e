using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>The software between a program and a chip, as far as it takes time: named with its version, since it changes faster than silicon.</summary>
public sealed record SoftwareStack : IChecked
{
    /// <summary>The name used on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>What a person calls it.</summary>
    public required string Title { get; init; }

    /// <summary>The version the figures hold for.</summary>
    public required string Version { get; init; }

    /// <summary>Idle time between two kernels launched one by one, beyond the chip's own launch overhead.</summary>
    [Within("0ns", "1s")]
    public required Duration KernelGap { get; init; }

    /// <summary>True if a decode step is recorded once and replayed.</summary>
    public required bool GraphReplay { get; init; }

    /// <summary>Host time between two decode steps: sampling, scheduling, token transfer.</summary>
    [Within("0ns", "1s")]
    public required Duration StepOverhead { get; init; }

    /// <summary>The chip that the kernels' figures were fitted on; none for a stack that holds for any.</summary>
    public string? Chip { get; init; }

    /// <summary>Its kernels; none where kernels are timed as the tape and the chip's file say.</summary>
    public KernelLibrary? Library { get; init; }

    /// <summary>The collective algorithms it has, in the order it prefers them.</summary>
    public IReadOnlyList<CollectiveDescription> Collectives { get; init; } = [];

    /// <summary>Kernels of a program that it runs as one launch; none: each as the program has it.</summary>
    public IReadOnlyList<FusionDescription> Fusions { get; init; } = [];

    /// <summary>The sources that figures cite by key.</summary>
    [Provenance]
    public IReadOnlyDictionary<string, SourceReference> Sources { get; init; } = new Dictionary<string, SourceReference>();

    /// <summary>Every figure with its provenance.</summary>
    [NotInFile]
    public IReadOnlyList<ChipFigure> Figures { get; init; } = [];

    /// <summary>The SHA-256 of all values, as <see cref="ChipDescription.Hash"/>.</summary>
    public string Hash => CanonicalText.HashOf(this);

    /// <summary>Loads a stack by its name in the catalog or from a file.</summary>
    public static SoftwareStack Load(string nameOrPath, IReadOnlyList<string>? overrides = null)
    {
        (SoftwareStack stack, IReadOnlyList<ChipFigure> figures) = DescriptionReader.Load<SoftwareStack>(
            CatalogFolder.Software,
            nameOrPath,
            overrides ?? []
        );
        return stack with { Figures = figures };
    }

    IEnumerable<(string Key, string Problem)> IChecked.Check()
    {
        if (!CatalogName.IsValid(Name))
            yield return ("name", CatalogName.Problem(Name));
    }
}
