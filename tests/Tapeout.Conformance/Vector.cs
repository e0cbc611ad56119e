using Tapeout.Compiler;

namespace Tapeout.Conformance;

/// <summary>One way to run one quantised model: the logits of twenty positions must come out the same for all ways.</summary>
/// <param name="Setting">Format, chip, chips, chunks, order.</param>
/// <param name="InBatch">Beside four other sequences, with scattered pages.</param>
internal sealed record Vector(Runner.Setting Setting, bool InBatch = false)
{
    private static readonly string[] MainFormats = ["int8", "int4", "int4-g32-min", "ternary"];

    private static readonly string[] OtherFormats =
    [
        "int8-g32",
        "int8-g64",
        "int8-g128",
        "int4-g64",
        "int4-g128",
        "int4-g32-zero",
        "int4-g64-min",
        "ternary-tensor",
        "ternary-g32",
        "binary",
    ];

    /// <summary>What fixes the bits: the format, and the KV cache's where it is not the format's own.</summary>
    public string Model => Setting.KvFormat is null ? Setting.Format : $"{Setting.Format} kv={Setting.KvFormat}";

    /// <summary>A name that the golden file gives a hash.</summary>
    public string Name
    {
        get
        {
            List<string> parts = [$"stories260k {Model} on {Setting.Chip}", .. Setting.Set];
            if (Setting.Chips > 1)
                parts.Add($"chips={Setting.Chips} {Setting.Parallelism.ToString().ToLowerInvariant()}");
            if (Setting.Chunk > 0)
                parts.Add($"chunk={Setting.Chunk}");
            if (Setting.OrderSeed is { } seed)
                parts.Add($"order={seed}");
            if (InBatch)
                parts.Add("batch=5");
            return string.Join(' ', parts);
        }
    }

    /// <summary>Every vector of the golden file.</summary>
    public static IReadOnlyList<Vector> All { get; } =
    [
        .. MainFormats.SelectMany(Thorough),
        .. OtherFormats.SelectMany(Brief),
        .. Floats(),
        .. OtherMakers(),
        .. KvFormats(),
        .. WeightsOnly(),
    ];

    private static IEnumerable<Vector> Thorough(string format)
    {
        foreach (string tiles in (string[])["1x1", "1x7", "4x4", "8x8"])
            yield return On("ideal", format, $"tiles={tiles}");
        yield return On("ideal", format, "tiles=4x4 sram.capacity=256KiB");
        Vector small = On("ideal", format, "tiles=2x2");
        foreach (int chips in (int[])[2, 3, 4])
            yield return small.Over(chips, TensorParallelism.Gather);
        foreach (int chips in (int[])[2, 4])
            yield return small.Over(chips, TensorParallelism.Reduce);
        yield return On("reference", format);
        yield return On("taalas-hc1-like", format);
        foreach (int chunk in (int[])[1, 5, 64])
            yield return small with
            {
                Setting = small.Setting with { Chunk = chunk },
            };
        foreach (int order in (int[])[1, 2, 3])
            yield return small with
            {
                Setting = small.Setting with { OrderSeed = order },
            };
        yield return small with
        {
            InBatch = true,
        };
        yield return On("taalas-hc1-like", format) with
        {
            InBatch = true,
        };
    }

    private static IEnumerable<Vector> Brief(string format)
    {
        yield return On("ideal", format, "tiles=1x7");
        yield return On("ideal", format, "tiles=8x8");
        yield return On("ideal", format, "tiles=4x4 sram.capacity=256KiB");
        Vector small = On("ideal", format, "tiles=2x2");
        yield return small.Over(3, TensorParallelism.Gather);
        yield return small.Over(2, TensorParallelism.Reduce);
        yield return On("reference", format);
        yield return On("taalas-hc1-like", format);
        yield return small with
        {
            Setting = small.Setting with { Chunk = 5, OrderSeed = 4 },
            InBatch = true,
        };
    }

    private static IEnumerable<Vector> Floats()
    {
        foreach (string format in (string[])["f32", "f16", "bf16"])
        {
            yield return On("reference", format, "tiles=1x1");
            Vector small = On("reference", format, "tiles=2x3");
            yield return small;
            yield return small with
            {
                Setting = small.Setting with { Chunk = 5, OrderSeed = 5 },
            };
            yield return small with
            {
                InBatch = true,
            };
            yield return small.Over(2, TensorParallelism.Reduce);
        }
    }

    private static IEnumerable<Vector> OtherMakers()
    {
        foreach (string format in (string[])["int8", "int8-g32", "int8-g64", "f16"])
        {
            yield return On("groq-lpu-v1", format);
            yield return On("groq-lpu-v1", format).Over(3, TensorParallelism.Gather);
        }
        foreach (string format in (string[])["int8", "int8-g32", "f32", "f16", "bf16"])
        {
            yield return On("nvidia-h100-sxm", format);
            yield return On("nvidia-h100-sxm", format).Over(2, TensorParallelism.Gather);
            yield return On("nvidia-h100-sxm", format).Over(2, TensorParallelism.Reduce);
        }
    }

    private static IEnumerable<Vector> KvFormats()
    {
        foreach (string kv in (string[])["f32", "int8", "int4"])
        {
            foreach (
                Vector vector in (Vector[])
                    [
                        On("reference", "int8"),
                        On("ideal", "int8", "tiles=1x7").Over(2, TensorParallelism.Gather),
                        On("taalas-hc1-like", "int8"),
                    ]
            )
                yield return vector with
                {
                    Setting = vector.Setting with { KvFormat = kv },
                };
        }
    }

    private static IEnumerable<Vector> WeightsOnly()
    {
        foreach (string format in (string[])["int8/f32", "int4/f32", "ternary/f32"])
        {
            yield return On("reference", format, "tiles=1x1");
            yield return On("reference", format, "tiles=4x4");
        }
    }

    private static Vector On(string chip, string format, string set = "") =>
        new(
            new Runner.Setting
            {
                Chip = chip,
                Format = format,
                Set = set.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            }
        );

    private Vector Over(int chips, TensorParallelism parallelism) =>
        this with
        {
            Setting = Setting with { Chips = chips, Parallelism = parallelism },
        };
}
