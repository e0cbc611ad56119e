using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Tapeout.Machine.Fast;

/// <summary>
/// Threads of our own that wait for work by spinning, and sleep after a while without any. Work is a number of items that whoever is awake takes one by one,
/// the caller too: a worker that the operating system does not let run delays nobody, since its items are taken by others. Each worker is bound to a
/// processor (<see cref="Processors"/>), the caller only while <see cref="Bind"/> says so.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    /// <summary>How long a worker spins before it sleeps: longer than what lies between two operators, or between two tokens.</summary>
    private static readonly long SpinTicks = Stopwatch.Frequency / 5_000;

    /// <summary>Turns of waiting between two looks at the clock, some 40 ns each.</summary>
    private const int TurnsPerLook = 32;

    /// <summary>Turns before a thread gives way to others where there are more threads than processors.</summary>
    private const int CrowdedTurns = 20;

    private readonly Worker[] _workers;
    private readonly int[] _processors;
    private readonly bool _isCrowded;
    private Counters _counters;
    private Action<int>? _work;
    private int _sleepers;
    private volatile bool _ended;
    private ExceptionDispatchInfo? _failure;
    private ReadAheadCursor _cursor = new(0);
    private ReadAhead? _announced;
    private ReadAhead? _ahead;

    /// <summary>A team of <paramref name="size"/> threads, the caller's among them.</summary>
    public WorkerTeam(int size)
    {
        Size = Math.Max(1, size);
        _isCrowded = Size > Environment.ProcessorCount;
        _processors = Processors.Take(Size);
        _workers = new Worker[Size - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            Worker worker = new(i + 1, _processors.Length > 0 ? _processors[i + 1] : -1);
            _workers[i] = worker;
            worker.Thread = new Thread(() => Loop(worker)) { IsBackground = true, Name = $"tapeout worker {i + 1}" };
            worker.Thread.Start();
        }
    }

    /// <summary>Members, the caller's thread among them.</summary>
    public int Size { get; }

    /// <summary>The processors of the members, the caller's first; none if they are not bound.</summary>
    public ReadOnlySpan<int> BoundTo => _processors;

    /// <summary>Binds the calling thread to its own processor, beside the workers', until what is returned is disposed.</summary>
    public Binding Bind() => new(_processors.Length > 0 ? _processors[0] : -1);

    /// <summary>
    /// Says what the next <see cref="Run"/> reads. What was read after it the last time is read ahead from then on, by members that wait: it takes no time from
    /// any job. Null for nothing that is worth it.
    /// </summary>
    public void Announce(ReadAhead? part)
    {
        if (part is not null && _announced is not null)
            _announced.Then = part;
        _announced = part ?? _announced;
        _ahead = part?.Then;
    }

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
        Interlocked.Exchange(ref _counters.Next, (Volatile.Read(ref _counters.Next) & ~0xFFFFFFFFL) | 0x7FFFFFFF);
        _work = work;
        _counters.Count = items;
        _counters.Completed = 0;
        // The upper half numbers the job: who still looks at the last one cannot take an item of this by mistake.
        long job = unchecked((Volatile.Read(ref _counters.Next) >> 32) + 1) << 32;
        Volatile.Write(ref _counters.Next, job);
        // With a barrier behind it: a worker either sees the job before it sleeps, or is seen sleeping.
        Interlocked.Exchange(ref _counters.Job, job);
        if (Volatile.Read(ref _sleepers) > 0)
            Wake(items - 1);
        _cursor.Follow(_ahead);
        Take(job);
        Join(items);
        if (_failure is { } failure)
        {
            _failure = null;
            failure.Throw();
        }
    }

    public void Dispose()
    {
        _ended = true;
        foreach (Worker worker in _workers)
            worker.Signal.Release();
        foreach (Worker worker in _workers)
        {
            worker.Thread.Join();
            worker.Signal.Dispose();
        }
        Processors.Return(_processors);
    }

    /// <summary>Wakes sleeping workers, no more than there are items for.</summary>
    private void Wake(int most)
    {
        foreach (Worker worker in _workers)
        {
            if (most > 0 && Stirs(worker))
            {
                worker.Signal.Release();
                most--;
            }
        }
    }

    /// <summary>True for one caller only: the worker's sleep, if it sleeps, is over.</summary>
    private bool Stirs(Worker worker)
    {
        if (Volatile.Read(ref worker.Sleeps) == 0 || Interlocked.Exchange(ref worker.Sleeps, 0) == 0)
            return false;
        Interlocked.Decrement(ref _sleepers);
        return true;
    }

    /// <summary>Waits for the items that others have taken.</summary>
    private void Join(int items)
    {
        int turns = 0;
        while (Volatile.Read(ref _counters.Completed) != items)
        {
            // An item's thread may need this processor to go on.
            if (++turns > (_isCrowded ? CrowdedTurns : 64 * TurnsPerLook))
                Thread.Yield();
            else
                Pass(ref _cursor);
        }
    }

    /// <summary>Takes items of a job until there are none left.</summary>
    private void Take(long job)
    {
        while (true)
        {
            long next = Volatile.Read(ref _counters.Next);
            if ((next & ~0xFFFFFFFFL) != job)
                return;
            Action<int> work = _work!;
            int item = (int)(next & 0xFFFFFFFF);
            if (item >= Volatile.Read(ref _counters.Count))
                return;
            // Succeeds only while the job is this one; it cannot end before the item is completed.
            if (Interlocked.CompareExchange(ref _counters.Next, next + 1, next) != next)
                continue;
            try
            {
                work(item);
            }
            catch (Exception exception)
            {
                _failure = ExceptionDispatchInfo.Capture(exception);
            }
            Interlocked.Increment(ref _counters.Completed);
        }
    }

    private void Loop(Worker worker)
    {
        if (worker.Processor >= 0)
            _ = Processors.TryBind(worker.Processor, out _);
        long seen = 0;
        ReadAheadCursor cursor = new(worker.Member);
        while (!_ended)
        {
            int turns = 0;
            long since = 0;
            long job;
            while ((job = Volatile.Read(ref _counters.Job)) == seen && !_ended)
            {
                Pass(ref cursor);
                if (++turns % TurnsPerLook != 0 && !(_isCrowded && turns > CrowdedTurns))
                    continue;
                long now = Stopwatch.GetTimestamp();
                since = since == 0 ? now : since;
                if (now - since < SpinTicks && !_isCrowded)
                    continue;
                Sleep(worker, seen);
                turns = 0;
                since = 0;
            }
            seen = job;
            cursor.Follow(_ahead);
            Take(job);
        }
    }

    /// <summary>Passes a moment of waiting.</summary>
    private void Pass(ref ReadAheadCursor cursor)
    {
        // Where there are more threads than processors, another one has better use for this one's time.
        if (_isCrowded || !cursor.TryRead())
            Thread.SpinWait(1);
    }

    /// <summary>Sleeps until a job is there that is not <paramref name="seen"/>.</summary>
    private void Sleep(Worker worker, long seen)
    {
        Volatile.Write(ref worker.Sleeps, 1);
        Interlocked.Increment(ref _sleepers);
        bool isIdle = Volatile.Read(ref _counters.Job) == seen && !_ended;
        // Whoever ends the sleep has given or will give a signal, unless it is this worker itself.
        if (isIdle || !Stirs(worker))
            worker.Signal.Wait();
    }

    /// <summary>The calling thread bound to a processor; <see cref="Dispose"/> lets it go.</summary>
    public readonly struct Binding : IDisposable
    {
        private readonly Processors.Mask _before;
        private readonly bool _isBound;

        /// <summary>Binds the calling thread; −1 for not at all.</summary>
        public Binding(int processor) => _isBound = processor >= 0 && Processors.TryBind(processor, out _before);

        public void Dispose()
        {
            if (_isBound)
                Processors.Restore(_before);
        }
    }

    private sealed class Worker(int member, int processor)
    {
        public int Member { get; } = member;

        public int Processor { get; } = processor;

        public Thread Thread { get; set; } = null!;

        public SemaphoreSlim Signal { get; } = new(0);

        // 1 while the worker sleeps or is about to.
        public int Sleeps;
    }

    /// <summary>What threads share, in lines that are apart: what waiting threads look at is fetched anew only when there is a job.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 512)]
    private struct Counters
    {
        /// <summary>The job's number in the upper half: changed once a job, when all else is there.</summary>
        [FieldOffset(128)]
        public long Job;

        /// <summary>Items of the job.</summary>
        [FieldOffset(136)]
        public int Count;

        /// <summary>The job in the upper half, its next item in the lower.</summary>
        [FieldOffset(256)]
        public long Next;

        /// <summary>Items that are done.</summary>
        [FieldOffset(384)]
        public int Completed;
    }
}
