using System.Runtime.ExceptionServices;

namespace Tapeout.Machine.Fast;

/// <summary>
/// Threads of our own that wait for work by spinning, and sleep after a while without any. Work is a number of items that whoever is awake
/// takes one by one, the caller too: a worker that the operating system does not let run delays nobody, since its items are taken by others.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    /// <summary>Turns of spinning (some 50 µs to 100 µs) before a worker sleeps.</summary>
    private const int SpinTurns = 2_000;

    private readonly Thread[] _threads;
    private readonly ManualResetEventSlim _wake = new(false, 0);
    private Action<int>? _work;
    private int _count;
    private long _next;
    private int _completed;
    private int _sleepers;
    private volatile bool _ended;
    private ExceptionDispatchInfo? _failure;

    /// <summary>A team of <paramref name="size"/> threads, the caller's among them.</summary>
    public WorkerTeam(int size)
    {
        Size = Math.Max(1, size);
        _threads = new Thread[Size - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Loop) { IsBackground = true, Name = $"tapeout worker {i + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>Members, the caller's thread among them.</summary>
    public int Size { get; }

    /// <summary>Calls <paramref name="work"/> once for each item from 0, in parallel and in any order; returns when all calls have returned.</summary>
    public void Run(int items, Action<int> work)
    {
        if (Size == 1 || items <= 1)
        {
            for (int item = 0; item < items; item++)
                work(item);
            return;
        }
        // Closes the last job first: who still looks at it would otherwise find the new count and take an item of this one by the old job's number.
        Interlocked.Exchange(ref _next, (Volatile.Read(ref _next) & ~0xFFFFFFFFL) | 0x7FFFFFFF);
        _work = work;
        _count = items;
        _completed = 0;
        // The upper half numbers the job: who still looks at the last one cannot take an item of this by mistake.
        long job = unchecked((Volatile.Read(ref _next) >> 32) + 1) << 32;
        Volatile.Write(ref _next, job);
        Thread.MemoryBarrier();
        if (Volatile.Read(ref _sleepers) > 0)
            _wake.Set();
        Take(job);
        SpinWait spin = default;
        while (Volatile.Read(ref _completed) != items)
            spin.SpinOnce(-1);
        if (_failure is { } failure)
        {
            _failure = null;
            failure.Throw();
        }
    }

    public void Dispose()
    {
        _ended = true;
        _wake.Set();
        foreach (Thread thread in _threads)
            thread.Join();
        _wake.Dispose();
    }

    /// <summary>Takes items of a job until there are none left.</summary>
    private void Take(long job)
    {
        while (true)
        {
            long next = Volatile.Read(ref _next);
            if ((next & ~0xFFFFFFFFL) != job)
                return;
            Action<int> work = _work!;
            int item = (int)(next & 0xFFFFFFFF);
            if (item >= Volatile.Read(ref _count))
                return;
            // Succeeds only while the job is this one; it cannot end before the item is completed.
            if (Interlocked.CompareExchange(ref _next, next + 1, next) != next)
                continue;
            try
            {
                work(item);
            }
            catch (Exception exception)
            {
                _failure = ExceptionDispatchInfo.Capture(exception);
            }
            Interlocked.Increment(ref _completed);
        }
    }

    private void Loop()
    {
        long seen = 0;
        while (!_ended)
        {
            int turns = 0;
            long next;
            while (((next = Volatile.Read(ref _next)) & ~0xFFFFFFFFL) == seen && !_ended)
            {
                if (++turns < SpinTurns)
                {
                    Thread.SpinWait(8);
                    continue;
                }
                _wake.Reset();
                Interlocked.Increment(ref _sleepers);
                if ((Volatile.Read(ref _next) & ~0xFFFFFFFFL) == seen && !_ended)
                    _wake.Wait();
                Interlocked.Decrement(ref _sleepers);
                turns = 0;
            }
            seen = next & ~0xFFFFFFFFL;
            Take(seen);
        }
    }
}
