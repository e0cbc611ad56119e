using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Tapeout.Testing;

namespace Tapeout.Cli.Tests;

public sealed class RunTests
{
    private static readonly string[] Story = ["run", "Once upon a time", "--chip", "reference", "--format", "f32"];

    [Fact]
    public void Run_StreamsTheGoldenStory_ThenThePrediction()
    {
        Invocation made = Invocation.Good([.. Story, "--max-tokens", "40"]);
        string golden = File.ReadAllText(SharedData.InRepository("tests/Golden/stories260k-greedy-200.txt"));
        string text = made.Output[..made.Output.IndexOf("\n\npredicted", StringComparison.Ordinal)];
        Assert.StartsWith("Once upon a time", text, StringComparison.Ordinal);
        Assert.StartsWith(text, golden.TrimStart(), StringComparison.Ordinal);
        Assert.True(text.Length > 60, text);
        Assert.Contains("predicted (reference × 1, stories260k, f32, batch 1, prompt 5, output 40", made.Output, StringComparison.Ordinal);
        Assert.Contains("host (this computer", made.Output, StringComparison.Ordinal);
        Assert.Equal("", made.Errors);
    }

    [Fact]
    public void Run_WritesWhileItRuns()
    {
        using CountingWriter output = new();
        using StringWriter errors = new();
        Assert.Equal(0, CommandLine.Run([.. Story, "--max-tokens", "8"], output, errors));
        Assert.True(output.Flushes >= 8, $"flushed {output.Flushes} times");
    }

    [Fact]
    public void RunJson_HasTheFieldsOfTheDesign()
    {
        JsonNode root = Invocation.Good([.. Story, "--max-tokens", "4", "--json"]).Json;
        Fields(root, "model", "name", "architecture", "parameters", "hash");
        Fields(root, "system", "name", "chips");
        Fields(root, "prompt", "text", "tokenIds");
        Fields(root, "output", "text", "tokenIds", "finishReason");
        Fields(root, "program", "hash", "instructions", "bytes");
        Fields(
            root,
            "predicted",
            "prefill",
            "decode",
            "timeToFirstTokenSeconds",
            "tokensPerSecond",
            "joulesPerToken",
            "areaSquareMillimetres",
            "dollarsPerMillionTokens",
            "limiter"
        );
        Fields(root, "host", "seconds", "prefillTokensPerSecond", "decodeTokensPerSecond", "threads", "peakMemoryBytes");
        Assert.Equal("f32", (string?)root["format"]);
        Assert.Equal("reference", (string?)root["chip"]);
        Assert.Equal("length", (string?)root["output"]!["finishReason"]);
        Assert.Equal(4, root["output"]!["tokenIds"]!.AsArray().Count);
    }

    [Fact]
    public void SimulateJson_HasTheFieldsOfRun_WithoutTexts()
    {
        string[] load = ["--chip", "reference", "--format", "f32", "--json"];
        JsonObject run = Invocation.Good(["run", "Once upon a time", "--max-tokens", "2", .. load]).Json.AsObject();
        JsonObject simulate = Invocation.Good(["simulate", "--prompt-tokens", "5", "--max-tokens", "2", .. load]).Json.AsObject();
        string[] expected = [.. run.Select(p => p.Key).Except(["prompt", "output"]).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, simulate.Select(p => p.Key).Except(["workload"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Logits_OneRowPerPosition_EqualToTheGoldenFile()
    {
        using TemporaryFolder folder = new();
        Invocation.Good([.. Story, "--max-tokens", "4", "--logits", folder["logits"]]);
        float[] rows = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(folder["logits"])).ToArray();
        float[] golden = MemoryMarshal
            .Cast<byte, float>(File.ReadAllBytes(SharedData.InRepository("tests/Golden/stories260k-logits-first16-f32.bin")))
            .ToArray();
        Assert.Equal((5 + 4 - 1) * 512, rows.Length);
        float largest = golden.Max(Math.Abs);
        for (int i = 0; i < rows.Length; i++)
            Assert.True(Math.Abs(rows[i] - golden[i]) <= 2e-5f * largest, $"logit {i} is {rows[i]}, golden {golden[i]}");
    }

    [Fact]
    public void Sampling_RepeatsForASeed()
    {
        string[] hot = ["run", "Once", "--temperature", "1", "--top-k", "40", "--max-tokens", "12", "--json"];
        string Text(string seed) => (string)Invocation.Good([.. hot, "--seed", seed]).Json["output"]!["text"]!;
        Assert.Equal(Text("1"), Text("1"));
        Assert.NotEqual(Text("1"), Text("2"));
    }

    [Fact]
    public void Reduce_ThatIsNotPossible_IsSaid_AndKeepsTheBits()
    {
        string[] run = ["run", "Once", "--max-tokens", "3", "--json"];
        Invocation reduce = Invocation.Good([.. run, "--chips", "3", "--parallel", "reduce"]);
        Assert.Contains("note: no sum of stories260k", reduce.Errors, StringComparison.Ordinal);
        Assert.Equal($"{Invocation.Good(run).Json["output"]!["tokenIds"]}", $"{reduce.Json["output"]!["tokenIds"]}");
    }

    private static void Fields(JsonNode root, string part, params string[] names) =>
        Assert.All(names, name => Assert.True(root[part]!.AsObject().ContainsKey(name), $"{part} has no {name}"));

    private sealed class CountingWriter : StringWriter
    {
        public int Flushes { get; private set; }

        public override void Flush() => Flushes++;
    }
}
