using System.Globalization;
using Tapeout.Compiler;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>A chip of a comparison: <c>NAME[:COUNT][@FORMAT]</c>, for instance <c>nvidia-h100-sxm:4@bf16</c>.</summary>
/// <param name="Name">A chip of the catalog or a .yaml file.</param>
/// <param name="Count">Chips that share every layer.</param>
/// <param name="Format">The quantisation; null for the one that all chips take.</param>
internal sealed record ComparedChip(string Name, int Count, string? Format)
{
    /// <exception cref="InvalidInputException">The count is no number of chips, or the format is none.</exception>
    public static ComparedChip Parse(string text)
    {
        string? format = null;
        // A format may hold an @ of its own, behind the first: int4-g32@f16.
        int at = text.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            format = text[(at + 1)..];
            text = text[..at];
            QuantisationFormats.Find(format, null);
        }
        int count = 1;
        int colon = text.LastIndexOf(':');
        if (colon >= 0)
        {
            if (!int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out count) || count < 1)
                throw new InvalidInputException(
                    $"'{text}' asks for '{text[(colon + 1)..]}' chips: write NAME:COUNT, for instance nvidia-h100-sxm:4."
                );
            text = text[..colon];
        }
        return new(text, count, format);
    }

    /// <summary>As it was written.</summary>
    public override string ToString() => Name + (Count == 1 ? "" : $":{Count}") + (Format is null ? "" : $"@{Format}");
}
