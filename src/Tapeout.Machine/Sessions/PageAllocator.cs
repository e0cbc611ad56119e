using Tapeout.Numerics;

namespace Tapeout.Machine.Sessions;

/// <summary>Hands out the pages of the KV cache. No value depends on which pages a sequence gets.</summary>
public sealed class PageAllocator
{
    private readonly Stack<int> _free = new();

    /// <summary>All pages are free.</summary>
    /// <param name="pages">Pages of the tape's envelope.</param>
    /// <param name="scatterSeed">Null to hand out pages from 0 upwards; otherwise the seed of a shuffle, so that sequences lie scattered.</param>
    public PageAllocator(int pages, int? scatterSeed = null)
    {
        int[] order = [.. Enumerable.Range(0, pages)];
        if (scatterSeed is int seed)
        {
            for (int i = pages - 1; i > 0; i--)
            {
                int j = (int)(CounterRandom.Word(unchecked((ulong)seed), 0, (uint)i, 0) % (uint)(i + 1));
                (order[i], order[j]) = (order[j], order[i]);
            }
        }
        for (int i = pages - 1; i >= 0; i--)
            _free.Push(order[i]);
        Pages = pages;
    }

    /// <summary>Pages there are.</summary>
    public int Pages { get; }

    /// <summary>Pages that no sequence has.</summary>
    public int Free => _free.Count;

    /// <summary>Takes <paramref name="count"/> pages; null, and none taken, if there are not so many.</summary>
    public int[]? Take(int count)
    {
        if (count > _free.Count)
            return null;
        int[] pages = new int[count];
        for (int i = 0; i < count; i++)
            pages[i] = _free.Pop();
        return pages;
    }

    /// <summary>Gives pages back.</summary>
    public void Return(ReadOnlySpan<int> pages)
    {
        for (int i = pages.Length - 1; i >= 0; i--)
            _free.Push(pages[i]);
    }
}
