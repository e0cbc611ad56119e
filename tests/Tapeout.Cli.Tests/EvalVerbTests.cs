using System.Runtime.InteropServices;
using System.Text.Json;
using Tapeout.Testing;

namespace Tapeout.Cli.Tests;

/// <summary><c>tapeout eval</c> against perplexities that other engines have computed, on the embedded model.</summary>
public sealed class EvalVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tapeout-eval-").FullName;

    private static string Stories => SharedData.PathOf("data/text/little-stories.txt");

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("128")]
    [InlineData("256")]
    [InlineData("512")]
    public void Eval_Float32_EqualsTheGoldenPerplexity(string chunk)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(SharedData.PathOf("data/measured/stories260k_ppl_golden.json")));
        JsonElement expected = golden.RootElement.GetProperty("results").GetProperty(chunk);
        double perplexity = expected.GetProperty("torch_fp64").GetProperty("ppl").GetDouble();
        using JsonDocument result = Eval("--text", Stories, "--chunk", chunk, "--format", "f32", "--json");
        JsonElement root = result.RootElement;
        Assert.Equal(expected.GetProperty("chunks").GetInt32(), root.GetProperty("chunks").GetInt32());
        Assert.Equal(expected.GetProperty("torch_fp64").GetProperty("scored").GetInt32(), root.GetProperty("tokens").GetInt32());
        Assert.InRange(root.GetProperty("perplexity").GetDouble() / perplexity, 1 - 1e-5, 1 + 1e-5);
        Assert.True(root.GetProperty("firstTokenReplaced").GetBoolean());
        Assert.StartsWith("llama.cpp", root.GetProperty("convention").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_Float32_EveryTokenWithinAThousandth()
    {
        byte[] bytes = File.ReadAllBytes(SharedData.PathOf("models/stories260k/nll-little-stories-ctx256-first2chunks-f32.bin"));
        float[] golden = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        string file = Path.Combine(_folder, "nll.bin");
        using JsonDocument _ = Eval("--text", Stories, "--chunk", "256", "--chunks", "2", "-f", "f32", "--nll", file, "--json");
        float[] made = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(file)).ToArray();
        Assert.Equal(2 * 127, made.Length);
        for (int i = 0; i < made.Length; i++)
            Assert.Equal(golden[i / 127 * 255 + 128 + i % 127], made[i], 1e-3f);
    }

    [Fact]
    public void Eval_StoppedAndContinued_SameAsInOneGo()
    {
        string state = Path.Combine(_folder, "state.json");
        string[] command = ["--text", Stories, "--chunk", "64", "-f", "int8", "--baseline", "f32", "--json"];
        using JsonDocument first = Eval([.. command, "--state", state, "--chunks", "2"]);
        using JsonDocument rest = Eval([.. command, "--state", state, "--chunks", "5"]);
        using JsonDocument whole = Eval([.. command, "--chunks", "5"]);
        Assert.Equal(3 * 63, rest.RootElement.GetProperty("host").GetProperty("tokens").GetInt32());
        foreach (string name in (string[])["perplexity", "klDivergence", "sameTopToken", "klDivergenceMaximum", "tokens"])
            Assert.Equal(whole.RootElement.GetProperty(name).GetDouble(), rest.RootElement.GetProperty(name).GetDouble());
        Assert.InRange(rest.RootElement.GetProperty("klDivergence").GetDouble(), 1e-6, 1);
        Assert.InRange(rest.RootElement.GetProperty("sameTopToken").GetDouble(), 0.5, 1);
        (int code, string error) = Refuse("--text", Stories, "--chunk", "64", "-f", "int4", "--state", state);
        Assert.Equal(2, code);
        Assert.Contains("another evaluation", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_AgainstItself_NoDivergence()
    {
        using JsonDocument result = Eval("--text", Stories, "--chunk", "32", "--chunks", "2", "-f", "int8", "--baseline", "int8", "--json");
        Assert.Equal(0, result.RootElement.GetProperty("klDivergence").GetDouble());
        Assert.Equal(1, result.RootElement.GetProperty("sameTopToken").GetDouble());
        Assert.Equal(1, result.RootElement.GetProperty("perplexityRatio").GetDouble());
    }

    /// <summary>int8 weights and activations cost some 30 to 40 dB, int4 ones more; every layer has a figure.</summary>
    [Fact]
    public void Eval_Layers_NoiseOfEveryLayer()
    {
        double Worst(string format)
        {
            using JsonDocument result = Eval(
                "--text",
                Stories,
                "--chunk",
                "32",
                "--chunks",
                "1",
                "-f",
                format,
                "--baseline",
                "f32",
                "--layers",
                "--json"
            );
            double[] decibels =
            [
                .. result
                    .RootElement.GetProperty("layers")
                    .EnumerateArray()
                    .Select(l => l.GetProperty("signalToNoiseDecibels").GetDouble()),
            ];
            Assert.Equal(5, decibels.Length);
            return decibels.Min();
        }
        Assert.InRange(Worst("int8"), 20, 60);
        Assert.InRange(Worst("int4"), 3, 20);
        (int code, string error) = Refuse("--text", Stories, "--layers");
        Assert.Equal(2, code);
        Assert.Contains("--baseline", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_SlidingWindow_ScoresEveryTokenOnce()
    {
        using JsonDocument result = Eval("--text", Stories, "--chunk", "128", "--stride", "64", "--chunks", "4", "--json");
        Assert.Equal(127 + 3 * 64, result.RootElement.GetProperty("tokens").GetInt32());
        Assert.StartsWith("sliding window", result.RootElement.GetProperty("convention").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_BadInput_SentencesAndExitCode2()
    {
        string empty = Path.Combine(_folder, "empty.txt");
        File.WriteAllText(empty, "");
        (int code, string error) = Refuse("--text", empty);
        Assert.Equal(2, code);
        Assert.Contains("fewer than one chunk", error, StringComparison.Ordinal);
        (code, error) = Refuse("--text", Path.Combine(_folder, "none.txt"), "--chunk", "1", "--baseline", "int7");
        Assert.Equal(2, code);
        Assert.Contains("There is no file", error, StringComparison.Ordinal);
        Assert.Contains("--chunk is 1", error, StringComparison.Ordinal);
        Assert.Contains("'int7'", error, StringComparison.Ordinal);
        (code, error) = Refuse("--text", Stories, "--chunk", "100000");
        Assert.Equal(2, code);
        Assert.Contains("--chunk is 100000", error, StringComparison.Ordinal);
    }

    private static JsonDocument Eval(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter errors = new();
        int code = CommandLine.Run(["eval", .. arguments], output, errors);
        Assert.True(code == 0, errors.ToString());
        return JsonDocument.Parse(output.ToString());
    }

    private static (int Code, string Error) Refuse(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter errors = new();
        return (CommandLine.Run(["eval", .. arguments], output, errors), errors.ToString());
    }
}
