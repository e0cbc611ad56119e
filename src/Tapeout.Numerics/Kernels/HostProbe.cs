using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Tapeout.Numerics.Kernels.Emitted;

namespace Tapeout.Numerics.Kernels;

/// <summary>
/// What this computer could do at most, measured in the process whose speed is held against it: a plain read of memory of the kind that weights lie in, and dot
/// products that read nothing. Both vary from second to second on shared computers, so they are measured beside each run.
/// </summary>
public sealed unsafe class HostProbe : IDisposable
{
    /// <summary>More than the last-level caches of this class of processor hold several times over: 256 to 512 MiB read alike here.</summary>
    private const long Bytes = 256L << 20;

    /// <summary>Passes of a probe: over the memory they take some 60 ms.</summary>
    private const int Passes = 7;

    /// <summary>Turns of the loop of dot products: some 2 ms.</summary>
    private const int Turns = 500_000;

    /// <summary>
    /// How long shared hosts take to move processors that have become busy apart: here two threads read 34 GB/s for the first 1.5 to 2 s, and 59 GB/s from then on.
    /// </summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2.5);

    private readonly KernelMemory _memory = new();
    private readonly byte* _start;

    /// <summary>Takes the memory that is read.</summary>
    /// <param name="threads">Threads that read and multiply together.</param>
    public HostProbe(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        Threads = threads;
        _start = _memory.Allocate(Bytes);
        // Pages that nobody has written are all one page of zeros.
        NativeMemory.Clear(_start, (nuint)Bytes);
    }

    /// <summary>Threads that read and multiply together.</summary>
    public int Threads { get; }

    /// <summary>Keeps all threads busy until the host has settled; one thread alone has no other to be moved away from.</summary>
    public void Settle()
    {
        long begun = Stopwatch.GetTimestamp();
        while (Threads > 1 && Stopwatch.GetElapsedTime(begun) < Settling)
            ReadBytesPerSecond();
    }

    /// <summary>
    /// Bytes per second that a plain sum over memory reads, the median of a few passes: on a shared computer the fastest is what others left for a moment, and
    /// no long run reaches it.
    /// </summary>
    public double ReadBytesPerSecond()
    {
        long part = Bytes / Threads & ~255L;
        return part * Threads / Times(thread => Sum(_start + thread * part, part))[Passes / 2];
    }

    /// <summary>
    /// Operations per second (a multiplication and an addition are two) of dot products of 8-bit codes in registers, 512 bits at once, the fastest of a few
    /// passes; null where there is no machine code for them.
    /// </summary>
    public double? OperationsPerSecond()
    {
        if (!MachineCode.IsAvailable)
            return null;
        delegate* unmanaged<nint, void> code = (delegate* unmanaged<nint, void>)DotProductLoop.Code();
        return DotProductLoop.OperationsPerTurn * (double)Turns * Threads / Times(_ => code(Turns))[0];
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    /// <summary>Seconds of the passes by rising order, each from the first thread's beginning to the last one's end.</summary>
    private double[] Times(Action<int> work)
    {
        int arrived = 0;
        long[] began = new long[Passes * Threads];
        long[] ended = new long[Passes * Threads];
        Thread[] others = [.. Enumerable.Range(1, Threads - 1).Select(thread => new Thread(() => Pass(thread)) { IsBackground = true })];
        foreach (Thread other in others)
            other.Start();
        Pass(0);
        foreach (Thread other in others)
            other.Join();
        double[] times = new double[Passes];
        for (int pass = 0; pass < Passes; pass++)
        {
            long first = began.Skip(pass * Threads).Take(Threads).Min();
            long last = ended.Skip(pass * Threads).Take(Threads).Max();
            times[pass] = Stopwatch.GetElapsedTime(first, last).TotalSeconds;
        }
        Array.Sort(times);
        return times;

        void Pass(int thread)
        {
            for (int pass = 0; pass < Passes; pass++)
            {
                Meet(pass);
                began[pass * Threads + thread] = Stopwatch.GetTimestamp();
                work(thread);
                ended[pass * Threads + thread] = Stopwatch.GetTimestamp();
            }
        }

        // All begin together where each has a processor of its own.
        void Meet(int meeting)
        {
            Interlocked.Increment(ref arrived);
            SpinWait spin = default;
            while (Volatile.Read(ref arrived) < (meeting + 1) * Threads)
                spin.SpinOnce(-1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Sum(byte* bytes, long count)
    {
        Vector512<long> a = default;
        Vector512<long> b = default;
        Vector512<long> c = default;
        Vector512<long> d = default;
        for (long i = 0; i < count; i += 256)
        {
            a ^= Vector512.Load((long*)(bytes + i));
            b ^= Vector512.Load((long*)(bytes + i + 64));
            c ^= Vector512.Load((long*)(bytes + i + 128));
            d ^= Vector512.Load((long*)(bytes + i + 192));
        }
        return Vector512.Sum(a ^ b ^ c ^ d);
    }
}
