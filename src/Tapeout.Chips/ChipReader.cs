using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>Reads chips. Everything that is wrong with a file is reported at once, in one <see cref="InvalidInputException"/>.</summary>
public static class ChipReader
{
    /// <summary>
    /// Loads a chip by its name in the catalog or from a file (a text with a slash or ending in .yaml or .yml), with overrides
    /// "path=value" laid over it, e.g. "tiles=8x8", "sram.capacity=1MiB", "memory[0].bandwidth=4TB/s", "attention=none".
    /// </summary>
    public static ChipDescription Load(string nameOrPath, IReadOnlyList<string>? overrides = null) =>
        Finish(DescriptionReader.Load<ChipDescription>(CatalogFolder.Chips, nameOrPath, overrides ?? []));

    /// <summary>Reads a chip from YAML text; <paramref name="file"/> names it in refusals.</summary>
    public static ChipDescription Parse(string yaml, string file, IReadOnlyList<string>? overrides = null) =>
        Finish(DescriptionReader.Parse<ChipDescription>(CatalogFolder.Chips, yaml, file, overrides ?? []));

    private static ChipDescription Finish((ChipDescription Description, IReadOnlyList<ChipFigure> Figures) read) =>
        read.Description with
        {
            Figures = read.Figures,
        };
}
