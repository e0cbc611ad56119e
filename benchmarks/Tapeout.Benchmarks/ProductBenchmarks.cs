using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Tapeout.Benchmarks;

/// <summary>Products of the shapes of a small model: one token (decode) and 64 (prefill). Nothing may be allocated.</summary>
[MemoryDiagnoser]
[Config(typeof(ShortInProcess))]
public class ProductBenchmarks
{
    private ProductCase _case = null!;

    [Params(
        "int8-row|int8-row",
        "int8-g32@f16|int8-g32",
        "int4-g32@f16|int8-g32",
        "int4-g32-min@f16|int8-g32",
        "ternary-row|int8-row",
        "f32|f32",
        "bf16|f32",
        "int4-g32|f32"
    )]
    public string Formats { get; set; } = "";

    [Params(1, 64)]
    public int Tokens { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        string[] formats = Formats.Split('|');
        _case = new(formats[0], formats[1], 1536, 576, Tokens);
    }

    [Benchmark]
    public void Multiply() => _case.Multiply(0, 0, 1);

    [Benchmark]
    public void FillPanel() => _case.Fill();

    [GlobalCleanup]
    public void Release() => _case.Dispose();

    /// <summary>Three short runs in this process: seconds for a row, and no second build of everything.</summary>
    private sealed class ShortInProcess : ManualConfig
    {
        public ShortInProcess() => AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
    }
}
