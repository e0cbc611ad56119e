using Tapeout.Models.Importers;

namespace Tapeout.Models;

/// <summary>How a model is opened.</summary>
public sealed record ModelLoadOptions
{
    /// <summary>Metadata values that replace or add those of the file, see <see cref="MetadataOverride.Parse"/>.</summary>
    public IReadOnlyList<MetadataOverride> MetadataOverrides { get; init; } = [];
}
