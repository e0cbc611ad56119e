namespace Tapeout.Machine.Fast;

/// <summary>
/// Threads of our own that wait for work by spinning, and sleep after a while without any. The caller is one of them. Starting and joining
/// takes well under a microsecond while they spin, which the thread pool does not reach.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    /// <summary>Turns of spinning (some 50 µs to 100 µs) before a worker sleeps.</summary>
    private const int SpinTurns = 20_000;

    private readonly Thread[] _threads;
    private readonly Worker[] _workers;
    private Action<int>? _work;
    private volatile bool _ended;
    private int _generation;

    /// <summary>A team of <paramref name="size"/> threads, the caller's among them.</summary>
    public WorkerTeam(int size)
    {
        Size = Math.Max(1, size);
        _workers = [.. Enumerable.Range(1, Size - 1).Select(_ => new Worker())];
        _threads = new Thread[Size - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int number = i;
            _threads[i] = new Thread(() => Loop(number)) { IsBackground = true, Name = $"tapeout worker {number + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>Members, the caller's thread among them.</summary>
    public int Size { get; }

    /// <summary>Calls <paramref name="work"/> once with each member's number, in parallel; returns when all have returned.</summary>
    public void Run(Action<int> work)
    {
        if (Size == 1)
        {
            work(0);
            return;
        }
        _work = work;
        int generation = unchecked(_generation + 1);
        Volatile.Write(ref _generation, generation);
        // A worker that is about to sleep looks at the generation once more after it has said so.
        Thread.MemoryBarrier();
        foreach (Worker worker in _workers)
        {
            if (Volatile.Read(ref worker.Sleeps))
                worker.Wake.Set();
        }
        Exception? failure = null;
        try
        {
            work(0);
        }
        catch (Exception exception)
        {
            failure = exception;
        }
        foreach (Worker worker in _workers)
        {
            SpinWait spin = default;
            while (Volatile.Read(ref worker.Finished) != generation)
                spin.SpinOnce(-1);
            failure ??= worker.Failure;
            worker.Failure = null;
        }
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    public void Dispose()
    {
        _ended = true;
        Run(_ => { });
        foreach (Thread thread in _threads)
            thread.Join();
        foreach (Worker worker in _workers)
            worker.Dispose();
    }

    private void Loop(int number)
    {
        Worker worker = _workers[number];
        int seen = 0;
        while (true)
        {
            int turns = 0;
            while (Volatile.Read(ref _generation) == seen)
            {
                if (++turns < SpinTurns)
                {
                    Thread.SpinWait(1);
                    continue;
                }
                Volatile.Write(ref worker.Sleeps, true);
                Thread.MemoryBarrier();
                if (Volatile.Read(ref _generation) == seen)
                    worker.Wake.Wait();
                worker.Wake.Reset();
                Volatile.Write(ref worker.Sleeps, false);
                turns = 0;
            }
            seen = Volatile.Read(ref _generation);
            try
            {
                _work!(number + 1);
            }
            catch (Exception exception)
            {
                worker.Failure = exception;
            }
            Volatile.Write(ref worker.Finished, seen);
            if (_ended)
                return;
        }
    }

    private sealed class Worker : IDisposable
    {
        public readonly ManualResetEventSlim Wake = new(false, 0);
        public bool Sleeps;
        public int Finished;
        public Exception? Failure;

        public void Dispose() => Wake.Dispose();
    }
}
