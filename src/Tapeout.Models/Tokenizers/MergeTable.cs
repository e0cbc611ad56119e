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
        : ApplyToMany(symbols);

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

    private int ApplyToMany(Span<int> symbols)
    {
        int count = symbols.Length;
        int[] previous = new int[count];
        int[] next = new int[count];
        bool[] gone = new bool[count];
        PriorityQueue<int, long> queue = new(count);
        for (int i = 0; i < count; i++)
        {
            previous[i] = i - 1;
            next[i] = i + 1;
            Offer(queue, symbols, i, i + 1);
        }
        while (queue.TryDequeue(out int left, out long key))
        {
            int right = gone[left] ? count : next[left];
            if (right >= count)
                continue;
            Merge merge = Find(symbols[left], symbols[right]);
            // An entry whose pair has changed since is stale; the pair that is there now has its own entry.
            if (merge.Rank != key >> 32 || merge.Rank == int.MaxValue)
                continue;
            symbols[left] = merge.Result;
            gone[right] = true;
            next[left] = next[right];
            if (next[left] < count)
                previous[next[left]] = left;
            Offer(queue, symbols, left, next[left]);
            if (previous[left] >= 0)
                Offer(queue, symbols, previous[left], left);
        }
        int kept = 0;
        for (int i = 0; i < count; i = next[i])
            symbols[kept++] = symbols[i];
        return kept;
    }

    private void Offer(PriorityQueue<int, long> queue, Span<int> symbols, int left, int right)
    {
        if (right >= symbols.Length)
            return;
        Merge merge = Find(symbols[left], symbols[right]);
        if (merge.Rank != int.MaxValue)
            queue.Enqueue(left, (long)merge.Rank << 32 | (uint)left);
    }

    private Merge Find(int left, int right) =>
        left >= 0 && right >= 0 && _merges.TryGetValue(Key(left, right), out Merge merge) ? merge : new(int.MaxValue, -1);

    private static ulong Key(int left, int right) => (ulong)(uint)left << 32 | (uint)right;

    private readonly record struct Merge(int Rank, int Result);
}
