namespace Tapeout.Models.Tokenizers;

/// <summary>
/// Which two neighbouring symbols merge into which, and in which order: byte-pair encoding repeats the merge of the lowest rank, leftmost
/// first, until none is left.
/// </summary>
internal sealed class MergeTable
{
    // Below this many symbols looking through all pairs beats a heap (words are 5 bytes on average).
    private const int FewSymbols = 48;

    private readonly Dictionary<ulong, Merge> _merges = [];

    /// <summary>Adds a merge; of equal pairs the first counts.</summary>
    public void Add(int left, int right, int rank, int result) => _merges.TryAdd(Key(left, right), new(rank, result));

    /// <summary>Merges <paramref name="symbols"/> in place; returns how many are left. Negative symbols never merge.</summary>
    public int Apply(Span<int> symbols) =>
        symbols.Length < 2 ? symbols.Length
        : symbols.Length <= FewSymbols ? ApplyToFew(symbols)
        : new LongWord(this, symbols.Length).Apply(symbols);

    private int ApplyToFew(Span<int> symbols)
    {
        int count = symbols.Length;
        Span<Merge> pairs = stackalloc Merge[FewSymbols];
        for (int i = 0; i + 1 < count; i++)
            pairs[i] = Find(symbols[i], symbols[i + 1]);
        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i < count - 1; i++)
            {
                if (pairs[i].Rank < pairs[best].Rank)
                    best = i;
            }
            if (pairs[best].Rank == int.MaxValue)
                break;
            symbols[best] = pairs[best].Result;
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            if (best + 2 < count)
                pairs[(best + 2)..count].CopyTo(pairs[(best + 1)..]);
            count--;
            if (best + 1 < count)
                pairs[best] = Find(symbols[best], symbols[best + 1]);
            if (best > 0)
                pairs[best - 1] = Find(symbols[best - 1], symbols[best]);
        }
        return count;
    }

    /// <summary>The merge of a pair; rank <see cref="int.MaxValue"/> if there is none.</summary>
    public Merge Find(int left, int right) =>
        left >= 0 && right >= 0 && _merges.TryGetValue(Key(left, right), out Merge merge) ? merge : new(int.MaxValue, -1);

    // A ulong hashes to the xor of its halves, which is 0 for all pairs of equals: the odd factor keeps keys distinct and spreads them
    // (a megabyte of spaces took ten times as long without it).
    private static ulong Key(int left, int right) => unchecked(((ulong)(uint)left << 32 | (uint)right) * 0x9e3779b97f4a7c15);

    /// <summary>A merge: its place in the order and the symbol it makes.</summary>
    public readonly record struct Merge(int Rank, int Result);
}
