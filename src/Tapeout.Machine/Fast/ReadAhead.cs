namespace Tapeout.Machine.Fast;

/// <summary>What a later job will read first: a part for each member of a team, at equal distances.</summary>
/// <param name="First">Where the first member's part begins; none of it must be freed while there is a team that may read it.</param>
/// <param name="Length">Bytes of all parts; members beyond them have none.</param>
/// <param name="Stride">Bytes from one member's part to the next one's.</param>
/// <param name="Most">Bytes of each part that are worth reading ahead.</param>
internal sealed record ReadAhead(nint First, long Length, long Stride, long Most);

/// <summary>
/// How far one member has read ahead: what it reads stays in its caches. By loads whose values are not used, since prefetch instructions that come faster than
/// memory are dropped: here a core takes 512 KiB that such loads have fetched at 104 GB/s, what as many prefetches have at 36, and what nobody has at 28.
/// </summary>
internal unsafe struct ReadAheadCursor
{
    /// <summary>Bytes between two looks at whether there is something better to do: some 20 ns of memory.</summary>
    public const int Step = 512;

    private const int Line = 64;

    private ReadAhead? _followed;
    private byte* _next;
    private byte* _end;

    /// <summary>Where it will read next.</summary>
    public readonly nint Position => (nint)_next;

    /// <summary>Begins the part of a member, unless it has done so before.</summary>
    public void Follow(ReadAhead? ahead, int member)
    {
        if (ReferenceEquals(ahead, _followed))
            return;
        _followed = ahead;
        _next = _end = null;
        if (ahead is null)
            return;
        long from = Math.Min(member * ahead.Stride, ahead.Length);
        long bytes = Math.Min(Math.Min(ahead.Most, ahead.Stride), ahead.Length - from);
        _next = (byte*)ahead.First + from;
        _end = _next + bytes / Step * Step;
    }

    /// <summary>Reads one step; false if there is nothing left to read.</summary>
    public bool TryRead()
    {
        if (_next == _end)
            return false;
        for (int i = 0; i < Step; i += Line)
            _ = Volatile.Read(ref _next[i]);
        _next += Step;
        return true;
    }
}
