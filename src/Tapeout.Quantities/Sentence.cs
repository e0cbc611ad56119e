namespace Tapeout.Quantities;

/// <summary>The small pieces that sentences of refusals are made of.</summary>
public static class Sentence
{
    private const int MostNeighbours = 1;

    /// <summary>"a, b or c".</summary>
    public static string Alternatives(IReadOnlyList<string> names) => Join(names, "or");

    /// <summary>"a, b and c".</summary>
    public static string Enumeration(IReadOnlyList<string> names) => Join(names, "and");

    /// <summary>
    /// " (did you mean 'clock'?)" for the nearest of <paramref name="known"/>, or an empty text if none is near: at most one edit
    /// for every three letters, where an edit inserts, deletes, replaces or swaps neighbours (Damerau–Levenshtein).
    /// </summary>
    public static string DidYouMean(string found, IEnumerable<string> known)
    {
        string? nearest = null;
        int least = Math.Max(MostNeighbours, found.Length / 3) + 1;
        foreach (string candidate in known)
        {
            bool contained = found.Length >= 4 && candidate.Contains(found, StringComparison.OrdinalIgnoreCase);
            int distance = contained ? 1 : Distance(found.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance >= least)
                continue;
            least = distance;
            nearest = candidate;
        }
        return nearest is null ? "" : $" (did you mean '{nearest}'?)";
    }

    private static string Join(IReadOnlyList<string> names, string word) =>
        names.Count switch
        {
            0 => "",
            1 => names[0],
            _ => string.Join(", ", names.Take(names.Count - 1)) + $" {word} " + names[^1],
        };

    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 16 || a.Length > 64 || b.Length > 64)
            return int.MaxValue;
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (int j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replace, 1 + Math.Min(d[i - 1, j], d[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
