using System.Text.Json.Nodes;

namespace Tapeout.Cli.Tests;

/// <summary>What <c>bench</c> says of what it measured; how fast anything is, is no test's business.</summary>
public sealed class BenchVerbTests
{
    private static readonly string[] Quick = ["-r", "2", "--threads", "1"];

    [Fact]
    public void Bench_Json_CountsWhatAStepNeeds()
    {
        JsonNode json = Invocation.Good(["bench", "-p", "16", "-n", "4", "-f", "int8", "--json", .. Quick]).Json;
        Assert.Equal("file", json["weights"]!.GetValue<string>());
        JsonNode prefill = json["rows"]![0]!;
        JsonNode decode = json["rows"]![1]!;
        // stories260k: 5 layers of 64 channels, q and output 64 x 64, k and v 32 x 64, feed-forward 172; the head has 512 rows.
        const int Layer = 2 * 64 * 64 + 2 * 32 * 64 + 3 * 172 * 64;
        const int LayerScales = 64 + 32 + 32 + 64 + 172 + 172 + 64;
        const int Weights = 5 * (Layer + 4 * LayerScales) + 512 * 64 + 4 * 512;
        Assert.Equal(Weights, decode["weightBytesPerStep"]!.GetValue<double>());
        Assert.Equal(5 * Layer + 512 * 64, decode["productsPerStep"]!.GetValue<double>());
        // Tokens 1 to 4 see as many positions: 2.5 on average, of 32 keys and 32 values in two bytes each, in every layer.
        Assert.Equal(2.5 * 5 * 2 * 32 * 2, decode["kvBytesPerStep"]!.GetValue<double>());
        Assert.Equal(Weights, prefill["weightBytesPerStep"]!.GetValue<double>());
        Assert.Equal(16.0 * 5 * Layer + 512 * 64, prefill["productsPerStep"]!.GetValue<double>());
        Assert.Equal(16, prefill["stepTokens"]!.GetValue<int>());
        foreach (JsonNode? row in json["rows"]!.AsArray())
        {
            Assert.Equal(2, row!["runs"]!.AsArray().Count);
            double bytes = row["weightBytesPerStep"]!.GetValue<double>() + row["kvBytesPerStep"]!.GetValue<double>();
            double steps = row["test"]!.GetValue<string>() == "pp16" ? 16 : 1;
            // Medians of two runs are those of the same run.
            double rate = row["tokensPerSecond"]!.GetValue<double>();
            Assert.Equal(bytes * rate / steps, row["readBytesPerSecond"]!.GetValue<double>(), 1e-6 * bytes * rate);
            Assert.True(row["probeReadBytesPerSecond"]!.GetValue<double>() > 1e8);
            Assert.Equal("packed, not cached", row["packedWeights"]!.GetValue<string>());
        }
    }

    [Fact]
    public void Bench_ShapeOfTheCatalog_DrawsWeightsAndSaysSo()
    {
        string[] shape = ["bench", "-m", "smollm2-135m", "-p", "0", "-n", "1", "-f", "ternary", "-r", "1"];
        Invocation table = Invocation.Good(shape);
        Assert.Contains("smollm2-135m, random weights, seed 0, in ternary", table.Output, StringComparison.Ordinal);
        JsonNode json = Invocation.Good([.. shape, "--json"]).Json;
        Assert.Equal("random", json["weights"]!.GetValue<string>());
        Assert.Equal(0UL, json["weightSeed"]!.GetValue<ulong>());
    }

    [Fact]
    public void Bench_SeveralThreads_ARowForEach()
    {
        JsonNode json = Invocation.Good("bench", "-r", "1", "--threads", "1", "2", "-p", "8", "-n", "2", "-b", "1", "2", "--json").Json;
        (int, string, int)[] rows =
        [
            .. json["rows"]!.AsArray().Select(row => ((int)row!["threads"]!, (string)row["test"]!, (int)row["batch"]!)),
        ];
        Assert.Equal([(1, "pp8", 1), (1, "tg2", 1), (1, "tg2", 2), (2, "pp8", 1), (2, "tg2", 1), (2, "tg2", 2)], rows);
    }

    /// <summary>The bytes that are packed are those of the seed: however many threads pack, the cache file is the same.</summary>
    [Fact]
    public void Bench_ShapeOfTheCatalog_SameWeightsOnAnyNumberOfThreads()
    {
        byte[] Packed(string threads)
        {
            using TemporaryFolder folder = new();
            string[] bench =
            [
                "bench",
                "-m",
                "smollm2-135m",
                "-p",
                "0",
                "-n",
                "1",
                "-f",
                "ternary",
                "-r",
                "1",
                "--json",
                "--threads",
                threads,
            ];
            JsonNode first = Invocation.Good([.. bench, "--cache", folder["cache"]]).Json;
            Assert.Equal("written to the cache", first["rows"]![0]!["packedWeights"]!.GetValue<string>());
            JsonNode second = Invocation.Good([.. bench, "--cache", folder["cache"]]).Json;
            Assert.Equal("from the cache", second["rows"]![0]!["packedWeights"]!.GetValue<string>());
            return System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Assert.Single(Directory.GetFiles(folder["cache"]))));
        }
        Assert.Equal(Packed("1"), Packed("3"));
    }

    [Fact]
    public void Bench_ShapeLargerThanMemory_RefusedBeforeAnythingIsDrawn()
    {
        Invocation refused = Invocation.Of("bench", "-m", "llama-3.1-405b", "-f", "f32", "--chip", "reference");
        Assert.Equal(2, refused.Code);
        Assert.Contains("choose a smaller model or format", Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ShapeOfTheCatalog_StillRefused()
    {
        Invocation refused = Invocation.Of("run", "Once", "-m", "llama-3.2-1b");
        Assert.Equal(2, refused.Code);
        Assert.Contains("is a shape without weights", Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
    }
}
