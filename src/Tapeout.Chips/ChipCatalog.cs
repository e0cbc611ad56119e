using System.Reflection;
using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>The descriptions that ship with the program. They are resources of this assembly, so they are found from anywhere.</summary>
public static class ChipCatalog
{
    private const string Root = "catalog/";
    private static readonly Assembly Home = typeof(ChipCatalog).Assembly;
    private static readonly string[] Resources = Home.GetManifestResourceNames();

    /// <summary>The names in a folder, sorted.</summary>
    public static IReadOnlyList<string> Names(CatalogFolder folder)
    {
        string prefix = Root + FolderName(folder) + "/";
        return
        [
            .. Resources
                .Where(r => r.StartsWith(prefix, StringComparison.Ordinal) && r.EndsWith(".yaml", StringComparison.Ordinal))
                .Select(r => r[prefix.Length..^5])
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>The file of a name, as refusals cite it: "catalog/chips/ideal.yaml".</summary>
    public static string FileOf(CatalogFolder folder, string name) => $"{Root}{FolderName(folder)}/{name}.yaml";

    /// <summary>The YAML text of a name; an <see cref="InvalidInputException"/> if there is none.</summary>
    public static string ReadText(CatalogFolder folder, string name)
    {
        using Stream stream =
            Home.GetManifestResourceStream(FileOf(folder, name))
            ?? throw new InvalidInputException($"there is no {NounOf(folder)} '{name}' in the catalog.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    internal static string NounOf(CatalogFolder folder) =>
        folder switch
        {
            CatalogFolder.Chips => "chip",
            CatalogFolder.Systems => "system",
            CatalogFolder.Software => "software stack",
            _ => "technology node",
        };

    private static string FolderName(CatalogFolder folder) => folder.ToString().ToLowerInvariant();
}
