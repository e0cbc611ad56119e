namespace Tapeout.Machine.Fast;

/// <summary>
/// How far one member of a team has read ahead: what it reads stays in its caches. By loads whose values are not used, since prefetch instructions that come
/// faster than memory are dropped: a core of an AMD Zen 4 takes 512 KiB that such loads have fetched at 104 GB/s, what as many prefetches have at 36, and what
/// nobody has at 28.
/// </summary>
internal unsafe struct ReadAheadCursor(int member)
{
    /// <summary>Bytes between two looks at whether there is something better to do: some 20 ns of memory.</summary>
    public const int Step = 512;

    /// <summary>Bytes that are read ahead at most: half of that processor's second-level cache.</summary>
    public const int Most = 512 << 10;

    /// <summary>Jobs that are read ahead at most.</summary>
    private const int MostJobs = 4;

    private const int Line = 64;

    private readonly int _member = member;

    // The job that comes next, the one whose part is being read, and which one that is from the next.
    private ReadAhead? _followed;
    private ReadAhead? _current;
    private int _job;
    private byte* _next;
    private byte* _end;

    // Bytes that may be read beyond the end.
    private long _left;

    /// <summary>Where it will read next.</summary>
    public readonly nint Position => (nint)_next;

    /// <summary>Takes up the job that comes next; what has been read of it or of jobs after it is not read again.</summary>
    public void Follow(ReadAhead? next)
    {
        if (ReferenceEquals(next, _followed))
            return;
        _followed = next;
        _left = Most;
        _job = 0;
        for (ReadAhead? job = next; job is not null && _job < MostJobs; job = job.Then, _job++)
        {
            (nint first, long bytes) = job.Of(_member);
            if (ReferenceEquals(job, _current))
            {
                long read = _next - (byte*)first;
                _left -= read;
                Begin(_next, bytes - read);
                return;
            }
            _left -= bytes;
        }
        _left = Most;
        _job = 0;
        Begin(next);
    }

    /// <summary>Reads one step; false if there is nothing left to read.</summary>
    public bool TryRead()
    {
        while (_next == _end)
        {
            if (_left < Step || _job + 1 >= MostJobs || _current?.Then is not { } then)
                return false;
            _job++;
            Begin(then);
        }
        for (int i = 0; i < Step; i += Line)
            _ = Volatile.Read(ref _next[i]);
        _next += Step;
        return true;
    }

    private void Begin(ReadAhead? job)
    {
        _current = job;
        (nint first, long bytes) = job?.Of(_member) ?? default;
        Begin((byte*)first, bytes);
    }

    private void Begin(byte* from, long bytes)
    {
        long count = Math.Clamp(bytes, 0, Math.Max(0, _left)) / Step * Step;
        _next = from;
        _end = from + count;
        _left -= count;
    }
}
