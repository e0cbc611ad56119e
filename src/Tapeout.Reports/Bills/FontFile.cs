using SkiaSharp;

namespace Tapeout.Reports;

/// <summary>Finds a font among the files of the system: the library that paints looks for none by itself.</summary>
internal static class FontFile
{
    /// <summary>Plain and bold file of each family, those without serifs and with even digits first.</summary>
    private static readonly (string Plain, string Bold)[] Preferred =
    [
        ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
        ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
        ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
        ("Arial.ttf", "Arial Bold.ttf"),
        ("arial.ttf", "arialbd.ttf"),
    ];

    private static readonly EnumerationOptions Everywhere = new() { RecurseSubdirectories = true, IgnoreInaccessible = true };

    /// <summary>Where systems keep fonts, the user's own last.</summary>
    public static IReadOnlyList<string> SystemFolders { get; } =
    [
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "/System/Library/Fonts",
        "/Library/Fonts",
        Environment.GetFolderPath(Environment.SpecialFolder.Fonts),
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local/share/fonts"),
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".fonts"),
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), "Library/Fonts"),
    ];

    /// <summary>The first font that has all letters: of the preferred families, or a plain one of any other; null if there is none.</summary>
    public static SKTypeface? Find(string letters, bool isBold, IReadOnlyList<string> folders)
    {
        string[] files =
        [
            .. folders
                .Where(Directory.Exists)
                .SelectMany(folder => Directory.EnumerateFiles(folder, "*", Everywhere))
                .Where(file => Path.GetExtension(file).ToUpperInvariant() is ".TTF" or ".OTF" or ".TTC")
                .Order(StringComparer.Ordinal),
        ];
        IEnumerable<string> preferred = Preferred.SelectMany(p => files.Where(f => Path.GetFileName(f) == (isBold ? p.Bold : p.Plain)));
        foreach (string file in isBold ? preferred : preferred.Concat(files))
        {
            SKTypeface? face = SKTypeface.FromFile(file);
            if (face is null)
                continue;
            using (SKFont font = new(face))
            {
                if (font.ContainsGlyphs(letters))
                    return face;
            }
            face.Dispose();
        }
        return null;
    }
}
