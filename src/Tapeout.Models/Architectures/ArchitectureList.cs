using Tapeout.Models.Importers;
using Tapeout.Quantities;

namespace Tapeout.Models.Architectures;

/// <summary>Every architecture that is supported. The first that accepts a file reads it, so narrower families stand first.</summary>
public static class ArchitectureList
{
    /// <summary>The list.</summary>
    public static IReadOnlyList<IArchitecture> All { get; } =
    [new MixtralArchitecture(), new MistralArchitecture(), new LlamaArchitecture()];

    /// <summary>The names, for messages.</summary>
    public static string Names => string.Join(", ", All.Select(a => a.Name).Order(StringComparer.Ordinal));

    /// <summary>The architecture of a file; an unknown one is refused with a sentence that lists the known.</summary>
    public static IArchitecture Of(GgufFile file)
    {
        foreach (IArchitecture architecture in All)
        {
            if (architecture.Accepts(file))
                return architecture;
        }
        throw new InvalidInputException(
            $"{file.Name} is of the architecture {Printable.Quote(file.Metadata.Text("general.architecture"))}, which is not supported; supported "
                + $"are {Names}."
        );
    }

    /// <summary>The architecture called <paramref name="name"/>.</summary>
    public static IArchitecture ByName(string name) =>
        All.FirstOrDefault(a => a.Name == name)
        ?? throw new InvalidInputException($"The architecture '{name}' is not supported; supported are {Names}.");
}
