using System.Diagnostics;
using Tapeout.Machine.Fast;

namespace Tapeout.Benchmarks;

/// <summary>What it costs to hand items to a team of threads and to know that all are done: empty items, and items of half a microsecond and of a few, in nanoseconds.</summary>
internal static class Dispatch
{
    private const int Batch = 250;

    /// <param name="arguments">Threads; 2 if absent.</param>
    public static int Run(string[] arguments)
    {
        int threads = arguments.Length > 0 ? int.Parse(arguments[0]) : 2;
        using WorkerTeam team = new(threads);
        using WorkerTeam.Binding bound = team.Bind();
        Console.WriteLine($"{threads} threads, {Environment.ProcessorCount} processors; nanoseconds of a dispatch and its join");
        Console.WriteLine("| items | of | median | p90 | p99 |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (int items in (int[])[threads, 4 * threads, 16 * threads])
        {
            foreach (int turns in (int[])[0, 500, 3_000])
            {
                double[] times = Times(team, items, turns, out double alone);
                Console.WriteLine(
                    $"| {items} | {(turns == 0 ? "nothing" : $"{alone:0} ns")} | {At(times, 0.5):0} | {At(times, 0.9):0} | {At(times, 0.99):0} |"
                );
            }
        }
        return 0;
    }

    /// <summary>The time of one call beyond the share of each thread in the work, over many batches.</summary>
    private static double[] Times(WorkerTeam team, int items, int turns, out double alone)
    {
        Action<int> work = item => Spin(turns);
        Stopwatch watch = new();
        for (int i = 0; i < 20_000; i++)
            work(i);
        watch.Start();
        for (int i = 0; i < 20_000; i++)
            work(i);
        alone = watch.Elapsed.TotalNanoseconds / 20_000;
        double share = turns == 0 ? 0 : alone * items / team.Size;
        double[] times = new double[400];
        for (int sample = -20; sample < times.Length; sample++)
        {
            watch.Restart();
            for (int i = 0; i < Batch; i++)
                team.Run(items, work);
            if (sample >= 0)
                times[sample] = watch.Elapsed.TotalNanoseconds / Batch - share;
        }
        return times;
    }

    private static double At(double[] times, double share) => times.Order().ElementAt((int)(share * (times.Length - 1)));

    private static int Spin(int turns)
    {
        int x = turns;
        for (int i = 0; i < turns; i++)
            x = unchecked(x * 1664525 + 1013904223);
        return x;
    }
}
