using System.Text.Json;
using Tapeout.Models;
using Tapeout.Models.Importers;
using Tapeout.Testing;

namespace Tapeout.Conformance;

/// <summary>Models of other makers in float32 on the reference chip, against goldens computed in float64 or by PyTorch.</summary>
public sealed class GoldenModelTests
{
    /// <summary>Logits within ten times what the float32 reference itself loses against float64.</summary>
    [Theory]
    [InlineData("mixtral", "golden.safetensors", "logits_f64", null)]
    [InlineData("mistral", "golden.gguf.safetensors", "logits", null)]
    [InlineData("mistral", "golden.safetensors", "logits_f64", "llama.attention.sliding_window=int:12")]
    [InlineData("llama3-rope", "golden.safetensors", "logits_f64", null)]
    public void Float32_Logits_WithinTenTimesTheReferencesOwnError(string name, string golden, string tensor, string? change)
    {
        string folder = SharedData.PathOf($"models/conformance/{name}");
        using JsonDocument facts = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "golden.json")));
        double allowed = 10 * facts.RootElement.GetProperty("max_abs_diff_f32_f64").GetDouble();
        SafetensorsFile expected = new(Path.Combine(folder, golden));
        SafetensorsFile ids = new(Path.Combine(folder, "golden.safetensors"));
        using Model model = ModelSource.Open(
            Path.Combine(folder, "model.gguf"),
            new() { MetadataOverrides = change is null ? [] : [MetadataOverride.Parse(change)] }
        );
        for (int prompt = 0; prompt < 3; prompt++)
        {
            int[] tokens = [.. ids.Integers($"prompt{prompt}.ids").Select(i => (int)i)];
            double[] wanted = expected.Doubles($"prompt{prompt}.{tensor}");
            float[][] found = Runner.Run(model, new(), [tokens], 0).Logits[0];
            Assert.Equal(wanted.Length, found.Sum(row => row.Length));
            double worst = wanted.Select((w, i) => Math.Abs(w - found[i / found[0].Length][i % found[0].Length])).Max();
            Assert.True(worst <= allowed, $"{name}, prompt {prompt}: {worst} is more than {allowed}");
        }
    }

    /// <summary>Greedy tokens equal PyTorch's while its margin exceeds 1e-3; every prompt with TAPEOUT_SLOW=2, else a short one.</summary>
    [Fact]
    public void SmolLm2_Float32_GreedyTokensAreTheGoldenOnes()
    {
        string folder = SharedData.PathOf("models/smollm2-135m-instruct");
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "golden", "golden.json")));
        using Model model = ModelSource.Open(Path.Combine(folder, "SmolLM2-135M-Instruct.Q4_1.gguf"));
        bool all = Environment.GetEnvironmentVariable("TAPEOUT_SLOW") == "2";
        int compared = 0;
        foreach (JsonElement prompt in golden.RootElement.GetProperty("prompts").EnumerateArray())
        {
            string name = prompt.GetProperty("name").GetString()!;
            if (!all && name != "short_english")
                continue;
            int[] ids = [.. prompt.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];
            JsonElement torch = prompt.GetProperty("torch");
            int[] wanted = [.. torch.GetProperty("greedy").EnumerateArray().Select(i => i.GetInt32())];
            double[] margins = [.. torch.GetProperty("margin_fp32").EnumerateArray().Select(i => i.GetDouble())];
            int count = all ? wanted.Length : 16;
            int[] found = Runner.Generate(model, new() { Context = 1024 }, ids, count);
            for (int i = 0; i < count && margins[i] > 1e-3; i++, compared++)
                Assert.True(wanted[i] == found[i], $"{name}, step {i}: {found[i]} instead of {wanted[i]}, margin {margins[i]}");
        }
        Assert.True(compared >= 16);
    }

    /// <summary>
    /// In the file's own numbers the greedy text leaves PyTorch's float32 text only where its margin is small; the table says where. Every
    /// prompt with TAPEOUT_SLOW=2, else a short one.
    /// </summary>
    [Fact]
    public void SmolLm2_Native_PartsWhereTheMarginIsSmall()
    {
        string folder = SharedData.PathOf("models/smollm2-135m-instruct");
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "golden", "golden.json")));
        using Model model = ModelSource.Open(Path.Combine(folder, "SmolLM2-135M-Instruct.Q4_1.gguf"));
        bool all = Environment.GetEnvironmentVariable("TAPEOUT_SLOW") == "2";
        foreach (JsonElement prompt in golden.RootElement.GetProperty("prompts").EnumerateArray())
        {
            string name = prompt.GetProperty("name").GetString()!;
            if (!all && name != "short_english")
                continue;
            int[] ids = [.. prompt.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];
            JsonElement torch = prompt.GetProperty("torch");
            int[] wanted = [.. torch.GetProperty("greedy").EnumerateArray().Select(i => i.GetInt32())];
            double[] margins = [.. torch.GetProperty("margin_fp64").EnumerateArray().Select(i => i.GetDouble())];
            int[] found = Runner.Generate(model, new() { Format = "native", Context = 1024 }, ids, all ? wanted.Length : 8);
            int same = found.Zip(wanted).TakeWhile(pair => pair.First == pair.Second).Count();
            string parting = same == found.Length ? "never" : $"at step {same}, margin {margins[same]:0.0000}";
            TestContext.Current.TestOutputHelper!.WriteLine($"{name, -20} {ids.Length, 4} tokens  parts {parting}");
            // llama.cpp, in the same numbers, parts at margins of up to 0.26.
            Assert.True(same == found.Length || margins[same] < 0.3, $"{name} parts {parting}");
        }
    }
}
