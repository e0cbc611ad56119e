namespace Tapeout.Models.Tokenizers;

/// <summary>
/// Merges a word of many symbols in near-linear time. Pairs wait in one list per rank; the lists are taken in the order of ranks, each from
/// left to right. In a trained vocabulary a merge only makes pairs of later ranks, so a list is sorted once; where a vocabulary breaks that
/// rule, a heap takes over. (A megabyte of one letter takes a third of the time of a heap alone.)
/// </summary>
internal sealed class LongWord(MergeTable merges, int count)
{
    private readonly int[] _previous = new int[count];
    private readonly int[] _next = new int[count];
    private readonly bool[] _gone = new bool[count];
    private readonly Dictionary<int, List<int>> _waiting = [];
    private readonly PriorityQueue<int, int> _ranks = new();

    /// <summary>Merges <paramref name="symbols"/> in place; returns how many are left.</summary>
    public int Apply(Span<int> symbols)
    {
        for (int i = 0; i < count; i++)
        {
            _previous[i] = i - 1;
            _next[i] = i + 1;
            if (i + 1 < count && RankAt(symbols, i) is int rank and not int.MaxValue)
                Wait(rank, i);
        }
        while (_ranks.TryDequeue(out int rank, out _))
        {
            _waiting.Remove(rank, out List<int>? list);
            list!.Sort();
            if (!ApplyRank(symbols, rank, list))
                break;
        }
        int kept = 0;
        for (int i = 0; i < count; i = _next[i])
            symbols[kept++] = symbols[i];
        return kept;
    }

    /// <summary>Merges the pairs of one rank; false if the heap had to finish the word.</summary>
    private bool ApplyRank(Span<int> symbols, int rank, List<int> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            int left = list[i];
            if (RankAt(symbols, left) != rank)
                continue;
            MergePair(symbols, left);
            foreach (int at in (ReadOnlySpan<int>)[_previous[left], left])
            {
                int made = at < 0 ? int.MaxValue : RankAt(symbols, at);
                if (made == int.MaxValue)
                    continue;
                if (made > rank)
                {
                    Wait(made, at);
                    continue;
                }
                list.RemoveRange(0, i + 1);
                Wait(rank, list);
                Finish(symbols, left);
                return false;
            }
        }
        return true;
    }

    /// <summary>The heap: every pair that waits, by (rank, position).</summary>
    private void Finish(Span<int> symbols, int left)
    {
        PriorityQueue<int, long> heap = new();
        foreach ((int rank, List<int> list) in _waiting)
        {
            foreach (int at in list)
                heap.Enqueue(at, Key(rank, at));
        }
        Offer(symbols, heap, left);
        Offer(symbols, heap, _previous[left]);
        while (heap.TryDequeue(out left, out long key))
        {
            // An entry whose pair has changed since is stale; the pair that is there now has its own entry.
            if (RankAt(symbols, left) != key >> 32)
                continue;
            MergePair(symbols, left);
            Offer(symbols, heap, left);
            Offer(symbols, heap, _previous[left]);
        }
    }

    private void MergePair(Span<int> symbols, int left)
    {
        int right = _next[left];
        symbols[left] = merges.Find(symbols[left], symbols[right]).Result;
        _gone[right] = true;
        _next[left] = _next[right];
        if (_next[left] < count)
            _previous[_next[left]] = left;
    }

    private void Offer(Span<int> symbols, PriorityQueue<int, long> heap, int at)
    {
        if (at >= 0 && RankAt(symbols, at) is int rank and not int.MaxValue)
            heap.Enqueue(at, Key(rank, at));
    }

    private void Wait(int rank, int at)
    {
        if (!_waiting.TryGetValue(rank, out List<int>? list))
            Wait(rank, list = []);
        list.Add(at);
    }

    private void Wait(int rank, List<int> list)
    {
        _waiting.Add(rank, list);
        _ranks.Enqueue(rank, rank);
    }

    private int RankAt(Span<int> symbols, int left) =>
        _gone[left] || _next[left] >= count ? int.MaxValue : merges.Find(symbols[left], symbols[_next[left]]).Rank;

    private static long Key(int rank, int at) => (long)rank << 32 | (uint)at;
}
