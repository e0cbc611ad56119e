namespace Tapeout.Chips;

/// <summary>Names of chips, systems, stacks and technologies: they stand on command lines, in tapes and as file names.</summary>
internal static class CatalogName
{
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= 64
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.');

    public static string Problem(string name) =>
        $"is '{Dimensions.Shorten(name)}': a name has up to 64 lower-case letters, digits, dots and hyphens, e.g. \"ideal-3nm\"";
}
