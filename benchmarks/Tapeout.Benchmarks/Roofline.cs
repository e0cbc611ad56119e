using System.Diagnostics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Benchmarks;

/// <summary>
/// Products against what the memory can deliver, in one process: GEMV over weights that lie in memory, with the share of the read bandwidth that a plain
/// sum over the same kind of memory reaches just before or after (<see cref="HostProbe"/>), and GEMM in giga-operations per second. The best of many times is
/// printed.
/// </summary>
internal static class Roofline
{
    private static readonly (string Weight, string Activation)[] Pairs =
    [
        ("int8-row", "int8-row"),
        ("int8-g32@f16", "int8-g32"),
        ("int4-g32@f16", "int8-g32"),
        ("int4-g32-min@f16", "int8-g32"),
        ("ternary-row", "int8-row"),
        ("bf16", "f32"),
        ("f32", "f32"),
        ("f16", "f32"),
        ("int4-g32", "f32"),
        ("int8-row", "f32"),
    ];

    /// <param name="arguments">Rows, columns, tokens of the GEMM; 4096 4096 128 if absent. A fourth picks formats that contain it.</param>
    public static int Run(string[] arguments)
    {
        int rows = arguments.Length > 0 ? int.Parse(arguments[0]) : 4096;
        int columns = arguments.Length > 1 ? int.Parse(arguments[1]) : 4096;
        int tokens = arguments.Length > 2 ? int.Parse(arguments[2]) : 128;
        string only = arguments.Length > 3 ? arguments[3] : "";
        using HostProbe one = new(1);
        using HostProbe two = new(2);
        Console.WriteLine(
            $"{rows} × {columns}; most of dot products {one.OperationsPerSecond() / 1e9:0} GOPS on one thread, {two.OperationsPerSecond() / 1e9:0} on two"
        );
        Console.WriteLine("| weights × activations | threads | GEMV µs | GB/s | memory GB/s | share | GEMM GOPS |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach ((string weight, string activation) in Pairs)
        {
            if (!weight.Contains(only, StringComparison.Ordinal))
                continue;
            using ProductCase alone = new(weight, activation, rows, columns, 1, 1);
            int copies = (int)Math.Clamp((256L << 20) / alone.Bytes, 1, 64);
            using ProductCase gemv = new(weight, activation, rows, columns, 1, copies);
            using ProductCase gemm = new(weight, activation, rows, columns, tokens);
            foreach (int threads in new[] { 1, 2 })
            {
                HostProbe probe = threads == 1 ? one : two;
                probe.Settle();
                double before = probe.ReadBytesPerSecond();
                double vector = Best(
                    threads,
                    part =>
                    {
                        for (int copy = 0; copy < copies; copy++)
                            gemv.Multiply(copy, part, threads);
                    }
                );
                double memory = Math.Max(before, probe.ReadBytesPerSecond()) / 1e9;
                double matrix = Best(threads, part => gemm.Multiply(0, part, threads));
                double speed = gemv.Bytes * copies / vector / 1e9;
                Console.WriteLine(
                    $"| {weight} × {activation} | {threads} | {vector / copies * 1e6:0} | {speed:0.0} | {memory:0.0} | {speed / memory:0 %} | {2.0 * rows * columns * tokens / matrix / 1e9:0} |"
                );
            }
        }
        return 0;
    }

    private static double Best(int threads, Action<int> work)
    {
        double best = double.MaxValue;
        Stopwatch total = Stopwatch.StartNew();
        for (int i = 0; i < 5 || (total.Elapsed.TotalSeconds < 1 && i < 200); i++)
        {
            using Barrier barrier = new(threads);
            Task[] others =
            [
                .. Enumerable
                    .Range(1, threads - 1)
                    .Select(n =>
                        Task.Run(() =>
                        {
                            barrier.SignalAndWait();
                            work(n);
                        })
                    ),
            ];
            barrier.SignalAndWait();
            Stopwatch watch = Stopwatch.StartNew();
            work(0);
            Task.WaitAll(others);
            best = Math.Min(best, watch.Elapsed.TotalSeconds);
        }
        return best;
    }
}
