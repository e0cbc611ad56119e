using Tapeout.Models.Graphs;
using Tapeout.Models.Importers;

namespace Tapeout.Models.Architectures;

/// <summary>
/// A family of models: reads a file's metadata into a configuration, and makes the graph of a configuration. One file per family, listed in
/// <see cref="ArchitectureList"/>.
/// </summary>
public interface IArchitecture
{
    /// <summary>The name in <see cref="ModelConfiguration.Architecture"/> and in the catalog.</summary>
    string Name { get; }

    /// <summary>True if <paramref name="file"/> is of this family.</summary>
    bool Accepts(GgufFile file);

    /// <summary>The configuration of <paramref name="file"/>; what is missing or impossible is refused with a sentence.</summary>
    ModelConfiguration Configure(GgufFile file);

    /// <summary>The graph of <paramref name="configuration"/>.</summary>
    ModelGraph BuildGraph(ModelConfiguration configuration);
}
