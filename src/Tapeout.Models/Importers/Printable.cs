using System.Text;

namespace Tapeout.Models.Importers;

/// <summary>Names from an untrusted file, made fit for a message: short, on one line, without control characters.</summary>
internal static class Printable
{
    private const int Longest = 80;

    /// <summary><paramref name="name"/> in quotes.</summary>
    public static string Quote(string name)
    {
        StringBuilder text = new(Math.Min(name.Length, Longest) + 3);
        text.Append('\'');
        foreach (char c in name.AsSpan(0, Math.Min(name.Length, Longest)))
            text.Append(char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '?' : c);
        if (name.Length > Longest)
            text.Append('…');
        return text.Append('\'').ToString();
    }
}
