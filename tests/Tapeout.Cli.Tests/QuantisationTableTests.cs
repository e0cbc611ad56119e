using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Tapeout.Testing;

namespace Tapeout.Cli.Tests;

/// <summary>
/// <c>tapeout eval</c> on a model of 135 million parameters against perplexities and divergences that PyTorch and llama.cpp have computed
/// with quantisers defined as ours. A chunk by default; every row with TAPEOUT_SLOW=2, some two minutes each on two cores.
/// </summary>
public sealed class QuantisationTableTests
{
    /// <summary>Two right engines with int8 activations differ by so much: one flipped rounding spreads over the layers.</summary>
    private const double ActivationTolerance = 0.02;

    private const double DivergenceTolerance = 0.1;

    /// <summary>What differs between two float32 engines is the order of sums.</summary>
    private const double WeightTolerance = 0.0005;

    private static bool IsSlow => Environment.GetEnvironmentVariable("TAPEOUT_SLOW") == "2";

    /// <summary>The table's group and row, and the format that is defined the same: every row, or the default run's.</summary>
    public static TheoryData<string, string, string> WeightRows { get; } =
        new(
            new (string, string, string)[]
            {
                ("weights_rtn", "int4_per_row", "int4-row/f32"),
                ("weights_rtn", "rtn_int4_sym_max7_g128", "int4-g128/f32"),
                ("weights_rtn", "rtn_int4_sym_max7_g64", "int4-g64/f32"),
                ("weights_rtn", "rtn_int4_sym_max7_g32", "int4-g32/f32"),
                ("weights_rtn", "rtn_int4_sym_max7_g16", "int4-g16/f32"),
                ("weights_rtn", "rtn_int4_sym_max7_g32_scale_f16", "int4-g32@f16/f32"),
                ("weights_rtn", "rtn_int4_sym_max7_g32_scale_bf16", "int4-g32@bf16/f32"),
                ("weights_rtn", "rtn_int4_asym_g32", "int4-g32-zero/f32"),
                ("weights_rtn", "rtn_int4_asym_g64", "int4-g64-zero/f32"),
                ("weights_rtn", "rtn_int4_asym_g128", "int4-g128-zero/f32"),
                ("weights_rtn", "rtn_int4_asym_per_row", "int4-row-zero/f32"),
                ("weights_rtn", "int8_per_row", "int8-row/f32"),
                ("weights_rtn", "rtn_int8_g32", "int8-g32/f32"),
                ("weights_rtn", "bf16_weights", "bf16/f32"),
                ("ternary_and_sparse", "ternary_absmean_per_row", "ternary-row/f32"),
                ("ternary_and_sparse", "ternary_absmean_g128", "ternary-g128/f32"),
                ("ternary_and_sparse", "ternary_absmean_per_tensor", "ternary-tensor/f32"),
            }.Where(row => IsSlow || row.Item2 == "rtn_int4_sym_max7_g128")
        );

    private static string Model => SharedData.PathOf("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");

    private static string Text => SharedData.PathOf("data/text/wikitext2-test.txt");

    [Theory]
    [MemberData(nameof(WeightRows))]
    public void Eval_WeightOnlyRow_EqualsTheTable(string group, string row, string format)
    {
        JsonNode expected = Methods(group, row);
        JsonNode found = Eval(IsSlow ? 8 : 1, "--format", format, "--kv-format", "f32", "--keep", "embedding,head");
        double[] wanted = [.. expected["per_chunk_mean_nll"]!.AsArray().Select(n => n!.GetValue<double>())];
        double[] made = [.. found["perChunkMeanNegativeLogLikelihood"]!.AsArray().Select(n => n!.GetValue<double>())];
        for (int i = 0; i < made.Length; i++)
            Assert.InRange(Math.Exp(made[i] - wanted[i]), 1 - WeightTolerance, 1 + WeightTolerance);
        if (IsSlow)
            Within(WeightTolerance, expected, "ppl", found, "perplexity");
    }

    /// <summary>
    /// Activations or the KV cache quantised: perplexity and divergence from the float32 model. The table's cache in groups of 32 is left out: a GGUF
    /// file has the two halves of a rotary pair side by side, the table's engine half a head apart, so that groups of 32 keys are not the same keys.
    /// </summary>
    [Theory]
    [InlineData("activation_aware", "w8a8_per_token_dynamic", "int8", "f32", true)]
    [InlineData("rotation", "w4a8_rtn", "int4-row/int8-row", "f32", true)]
    [InlineData("kv_cache", "kv_int8_per_token_head", "f32", "int8", false)]
    [InlineData("kv_cache", "kv_int4_sym_per_token_head", "f32", "int4-row", false)]
    [InlineData("kv_cache", "kv4_per_token_head", "f32", "int4-g64-min", false)]
    public void Eval_ActivationRow_WithinTwoPerCent(string group, string row, string format, string kv, bool keeps)
    {
        Assert.SkipUnless(IsSlow, "evaluates 4,096 tokens of a model of 135 million parameters; set TAPEOUT_SLOW=2");
        JsonNode expected = Methods(group, row);
        string[] options = ["--format", format, "--kv-format", kv, "--baseline", "f32"];
        JsonNode found = Eval(8, keeps ? [.. options, "--keep", "embedding,head"] : options);
        Within(ActivationTolerance, expected, "ppl", found, "perplexity");
        Within(DivergenceTolerance, expected, "kld_mean", found, "klDivergence");
    }

    /// <summary>The weights as they are with one int8 scale per token: a row of the older table, which has no divergence.</summary>
    [Fact]
    public void Eval_StoredWeightsWithInt8Activations_WithinTwoPerCent()
    {
        Assert.SkipUnless(IsSlow, "evaluates 4,096 tokens of a model of 135 million parameters; set TAPEOUT_SLOW=2");
        JsonNode expected = Read("smollm2_ppl_reference.json")["results"]!["a8_only"]!;
        JsonNode found = Eval(8, "--format", "native/int8-row", "--kv-format", "f32", "--keep", "embedding,head");
        Within(ActivationTolerance, expected, "ppl", found, "perplexity");
    }

    /// <summary>The file's own numbers over twenty chunks beside llama.cpp's, which rounds activations to int8 in groups of 32 too.</summary>
    [Fact]
    public void Eval_Native_WithinTwoPerCentOfLlamaCpp()
    {
        Assert.SkipUnless(IsSlow, "evaluates 10,240 tokens of a model of 135 million parameters; set TAPEOUT_SLOW=2");
        JsonNode expected = Read("smollm2_ppl_golden.json")["results"]!["llamacpp"]!;
        JsonNode found = Eval(20, "--format", "native");
        Within(ActivationTolerance, expected["kv_f16"]!, "ppl", found, "perplexity");
    }

    [Fact]
    public void Eval_Float32_EqualsTheGoldenPerplexityAndTokens()
    {
        Assert.SkipUnless(IsSlow, "evaluates 10,240 tokens of a model of 135 million parameters; set TAPEOUT_SLOW=2");
        JsonNode expected = Read("smollm2_ppl_golden.json")["results"]!["torch_fp32"]!;
        byte[] golden = File.ReadAllBytes(SharedData.PathOf("data/measured/smollm2_wikitext2_first2chunks_nll.f32.bin"));
        string file = Path.GetTempFileName();
        try
        {
            JsonNode found = Eval(20, "--format", "f32", "--nll", file);
            Within(WeightTolerance, expected, "ppl", found, "perplexity");
            ReadOnlySpan<float> wanted = MemoryMarshal.Cast<byte, float>(golden);
            ReadOnlySpan<float> made = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(file));
            Assert.Equal(5100, made.Length);
            for (int i = 0; i < 510; i++)
                Assert.Equal(wanted[i / 255 * 511 + 256 + i % 255], made[i], 1e-3f);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Keep_HeadAndEmbedding_StayAsStoredWithFloatActivations()
    {
        string dump = Invocation
            .Good("compile", "--chip", "reference", "-f", "int8", "--keep", "head,ffn_down", "--dump", "quantise")
            .Output;
        Assert.Contains("output.weight [512, 64] F32 -> f32 × f32", dump, StringComparison.Ordinal);
        Assert.Contains("token_embd.weight [512, 64] F32 -> int8-row × int8-row", dump, StringComparison.Ordinal);
        Assert.Contains("blk.4.ffn_down.weight [64, 172] F32 -> f32 × f32", dump, StringComparison.Ordinal);
        Assert.Contains("blk.4.ffn_up.weight [172, 64] F32 -> int8-row × int8-row", dump, StringComparison.Ordinal);
    }

    [Fact]
    public void Keep_ChangesTheModelsHash_AndItsName()
    {
        JsonNode Compiled(params string[] more) => Invocation.Good(["compile", "--chip", "reference", "--json", .. more]).Json;
        JsonNode all = Compiled("-f", "f32");
        JsonNode kept = Compiled("-f", "f32", "--keep", "head");
        Assert.Equal("f32 keeping head", kept["format"]!.GetValue<string>());
        Assert.NotEqual(all["model"]!["quantisedHash"]!.GetValue<string>(), kept["model"]!["quantisedHash"]!.GetValue<string>());
    }

    [Fact]
    public void Keep_UnknownOperator_NamesAllThatAre()
    {
        Invocation refused = Invocation.Of("compile", "--keep", "ffn_dwn,output_norm");
        Assert.Equal(2, refused.Code);
        Assert.Equal(2, refused.ErrorLines.Length);
        Assert.Contains("did you mean 'ffn_down'", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("or head", refused.ErrorLines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("int4-g128/int8-row", "int4-g128 × int8-row")]
    [InlineData("native/int8-row", "f32 × f32")]
    [InlineData("int8/int8-g16", "int8-row × int8-g16")]
    public void Format_NamedActivations(string format, string expected)
    {
        string dump = Invocation.Good("compile", "--chip", "reference", "-f", format, "--dump", "quantise").Output;
        Assert.Contains($"blk.0.attn_q.weight [64, 64] F32 -> {expected}", dump, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("int8/int4-g32")]
    [InlineData("int8/int8-tensor")]
    [InlineData("int8/")]
    public void Format_ImpossibleActivations_Refused(string format)
    {
        Invocation refused = Invocation.Of("compile", "-f", format);
        Assert.Equal(2, refused.Code);
        Assert.Contains("not a format of activations", refused.Errors, StringComparison.Ordinal);
    }

    private static JsonNode Methods(string group, string row) => Read("smollm2_quant_methods.json")["results"]![group]![row]!;

    private static JsonNode Read(string name) => JsonNode.Parse(File.ReadAllBytes(SharedData.PathOf($"data/measured/{name}")))!;

    private static JsonNode Eval(int chunks, params string[] options) =>
        Invocation
            .Good([
                "eval",
                "--model",
                Model,
                "--text",
                Text,
                "--chunk",
                "512",
                "--chunks",
                chunks.ToString(CultureInfo.InvariantCulture),
                "--json",
                .. options,
            ])
            .Json;

    private static void Within(double tolerance, JsonNode expected, string wanted, JsonNode found, string made)
    {
        double reference = expected[wanted]!.GetValue<double>();
        double ours = found[made]!.GetValue<double>();
        double difference = ours / reference - 1;
        TestContext.Current.TestOutputHelper!.WriteLine($"{made} {ours:g6}, reference {reference:g6}, {difference:+0.000 %;-0.000 %}");
        Assert.True(Math.Abs(difference) <= tolerance, $"{made} is {ours}, the reference {reference}: {difference:+0.000 %;-0.000 %}");
    }
}
