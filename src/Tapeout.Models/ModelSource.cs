using Tapeout.Models.Importers;
using Tapeout.Quantities;

namespace Tapeout.Models;

/// <summary>Opens models: files, the embedded default, and shapes of the catalog.</summary>
public static class ModelSource
{
    /// <summary>The name of the embedded default model.</summary>
    public const string EmbeddedDefault = "stories260k";

    /// <summary>
    /// Opens <paramref name="pathOrName"/>: the embedded <c>stories260k</c>, a path that ends in .gguf or exists, or a shape of the catalog.
    /// </summary>
    /// <exception cref="InvalidInputException">The model cannot be found or used.</exception>
    public static Model Open(string pathOrName, ModelLoadOptions? options = null)
    {
        options ??= new();
        if (pathOrName.Length == 0)
            throw new InvalidInputException("The model's name is empty; name a .gguf file or one of the catalog (tapeout models).");
        if (pathOrName == EmbeddedDefault)
            return OpenEmbedded(options);
        if (File.Exists(pathOrName) || Directory.Exists(pathOrName) || LooksLikePath(pathOrName))
            return OpenFile(pathOrName, options);
        ModelCatalogEntry entry = ModelCatalog.Find(pathOrName);
        if (options.MetadataOverrides.Count > 0)
            throw new InvalidInputException(
                $"{pathOrName} is a shape of the catalog, which has no metadata to override; name a .gguf file."
            );
        return entry.Open();
    }

    private static bool LooksLikePath(string text) =>
        text.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || text.Contains('/') || text.Contains(Path.DirectorySeparatorChar);

    private static Model OpenFile(string path, ModelLoadOptions options)
    {
        GgufFile file = GgufFile.Open(path, options.MetadataOverrides);
        try
        {
            return GgufModelImporter.Load(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static Model OpenEmbedded(ModelLoadOptions options)
    {
        using Stream stream = typeof(ModelSource).Assembly.GetManifestResourceStream("stories260k.gguf")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        // The file says 128, its old converter's default; the model was trained on sequences of 512 (llama2.c), and works to there.
        MetadataOverride context = MetadataOverride.Integer("llama.context_length", 512);
        GgufFile file = GgufFile.Read(EmbeddedDefault, bytes, [context, .. options.MetadataOverrides]);
        return GgufModelImporter.Load(file, EmbeddedDefault);
    }
}
