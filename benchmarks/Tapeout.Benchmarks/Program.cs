using BenchmarkDotNet.Running;
using Tapeout.Benchmarks;

if (args is ["roofline", .. string[] rest])
    return Roofline.Run(rest);
if (args is ["dispatch", .. string[] threads])
    return Dispatch.Run(threads);
return BenchmarkSwitcher.FromAssembly(typeof(ProductBenchmarks).Assembly).Run(args).Any(s => s.HasCriticalValidationErrors) ? 1 : 0;
