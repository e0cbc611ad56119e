using System.Globalization;

namespace Tapeout.Chips;

/// <summary>Sizes joined by x, as in "8x8".</summary>
internal static class Dimensions
{
    public static bool TryParse(string text, int count, int most, out int[] sizes)
    {
        string[] parts = text.Length > 64 ? [] : text.Split(['x', '×'], StringSplitOptions.TrimEntries);
        sizes = new int[parts.Length];
        bool parsed = parts.Length == count;
        for (int i = 0; parsed && i < count; i++)
        {
            parsed =
                int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i]) && sizes[i] >= 1 && sizes[i] <= most;
        }
        return parsed;
    }

    public static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
