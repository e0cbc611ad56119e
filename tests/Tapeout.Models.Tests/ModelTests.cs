using System.Diagnostics;
using Tapeout.Models.Architectures;
using Tapeout.Models.Graphs;
using Tapeout.Models.Importers;
using Tapeout.Quantities;
using Tapeout.Testing;

namespace Tapeout.Models.Tests;

public class ModelTests
{
    [Fact]
    public void Stories260k_Embedded_LoadsWithContext512()
    {
        using Model model = ModelSource.Open("stories260k");
        ModelConfiguration c = model.Configuration;
        Assert.Equal(
            (5, 64, 172, 8, 4, 8, 512, 512),
            (c.Layers, c.Hidden, c.FeedForward, c.Heads, c.KeyValueHeads, c.HeadDimension, c.Vocabulary, c.ContextLength)
        );
        Assert.Equal((1, 2, true, false), (c.BeginningOfText, c.EndOfText, c.AddBeginningOfText, c.TiedEmbeddings));
        Assert.Equal(64, model.Hash.Length);
        Assert.False(model.IsShapeOnly);
        ModelGraph graph = model.BuildGraph();
        Assert.Equal(5, graph.Layers.Count);
        Assert.Equal([new LayerRun(0, 5)], graph.Runs);
        Assert.Equal(1 + 5 * 15 + 2, graph.Nodes.Count);
        Assert.Contains("attention heads=8 kv-heads=4 head=8", graph.Dump(), StringComparison.Ordinal);
    }

    [Fact]
    public void SmolLm2_Metadata_AsItsReadmeSays()
    {
        using Model model = ModelSource.Open(SharedData.PathOf("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"));
        ModelConfiguration c = model.Configuration;
        Assert.Equal(
            (30, 576, 1536, 9, 3, 64, 49152, 8192),
            (c.Layers, c.Hidden, c.FeedForward, c.Heads, c.KeyValueHeads, c.HeadDimension, c.Vocabulary, c.ContextLength)
        );
        Assert.Equal((100000.0, 64, true, false), (c.RopeBase, c.RopeDimensions, c.TiedEmbeddings, c.AddBeginningOfText));
        Assert.Equal([0, 2, 4], c.EndOfGeneration);
        Assert.Equal(134_515_008, model.Parameters);
        Assert.Equal(272, model.Weights.Count);
        Assert.Equal(
            ("Q4_1", "int4-g32-min@f16"),
            (model.Weights["blk.0.attn_q.weight"].StorageType, model.Weights["blk.0.attn_q.weight"].NativeFormat.ToString())
        );
        Stopwatch watch = Stopwatch.StartNew();
        string hash = model.Hash;
        TestContext.Current.SendDiagnosticMessage($"hash of SmolLM2: {watch.ElapsedMilliseconds} ms");
        using Model again = ModelSource.Open(model.Source);
        Assert.Equal(hash, again.Hash);
        using Model other = ModelSource.Open(
            model.Source,
            new() { MetadataOverrides = [MetadataOverride.Parse("llama.context_length=int:4096")] }
        );
        Assert.NotEqual(hash, other.Hash);
    }

    [Theory]
    [InlineData("llama/model.gguf", "llama")]
    [InlineData("llama/model.F16.gguf", "llama")]
    [InlineData("llama/model.BF16.gguf", "llama")]
    [InlineData("llama/model.Q4_0.gguf", "llama")]
    [InlineData("llama/model.Q5_1.gguf", "llama")]
    [InlineData("llama/model.MXFP4.gguf", "llama")]
    [InlineData("llama-256/model.Q4_K_M.gguf", "llama")]
    [InlineData("llama-256/model.IQ4_XS.gguf", "llama")]
    [InlineData("llama-256/model.TQ1_0.gguf", "llama")]
    [InlineData("llama-256/model.TQ2_0.gguf", "llama")]
    [InlineData("llama3-rope/model.gguf", "llama")]
    [InlineData("mistral/model.gguf", "llama")]
    [InlineData("mixtral/model.gguf", "mixtral")]
    public void ConformanceModel_Loads(string file, string architecture)
    {
        using Model model = ModelSource.Open(SharedData.PathOf("models/conformance/" + file));
        Assert.Equal(architecture, model.Configuration.Architecture);
        ModelGraph graph = model.BuildGraph();
        Assert.Single(graph.Runs);
        foreach (WeightTensor weight in model.Weights.Values)
        {
            WeightTensor matrix = weight.Slice(weight.Count - 1);
            float[] values = new float[matrix.Rows * matrix.Columns];
            matrix.Dequantise(0, matrix.Rows, values);
            Assert.All(values, v => Assert.True(float.IsFinite(v)));
        }
        Assert.Equal(file.StartsWith("llama3", StringComparison.Ordinal), model.Configuration.RopeFrequencyFactors is { Count: 16 });
    }

    [Fact]
    public void Mistral_WindowByOverride()
    {
        string path = SharedData.PathOf("models/conformance/mistral/model.gguf");
        using Model model = ModelSource.Open(
            path,
            new() { MetadataOverrides = [MetadataOverride.Parse("llama.attention.sliding_window=int:12")] }
        );
        Assert.Equal(("mistral", 12), (model.Configuration.Architecture, model.Configuration.SlidingWindow));
        Assert.All(model.BuildGraph().Nodes.OfType<AttentionNode>(), n => Assert.Equal(12, n.Window));
    }

    [Fact]
    public void Mixtral_Experts_StackedAndSliced()
    {
        using Model model = ModelSource.Open(SharedData.PathOf("models/conformance/mixtral/model.gguf"));
        ModelConfiguration c = model.Configuration;
        Assert.Equal((4, 2, 24, true), (c.Experts, c.ExpertsUsed, c.ExpertFeedForward, c.NormaliseExpertWeights));
        WeightTensor stack = model.Weights["blk.0.ffn_gate_exps.weight"];
        Assert.Equal((4, 24, 64), (stack.Count, stack.Rows, stack.Columns));
        Assert.Throws<InvalidOperationException>(() => stack.Dequantise(0, 1, new float[64]));
        float[] first = new float[24 * 64];
        float[] last = new float[24 * 64];
        stack.Slice(0).Dequantise(0, 24, first);
        stack.Slice(3).Dequantise(0, 24, last);
        Assert.NotEqual(first, last);
        // The safetensors file has the experts apart; their rows are not permuted.
        SafetensorsFile golden = new(SharedData.PathOf("models/conformance/mixtral/model.safetensors"));
        string name = golden.Names.First(n =>
            n.Contains("layers.0", StringComparison.Ordinal)
            && n.Contains("experts", StringComparison.Ordinal)
            && (n.EndsWith("gate_up_proj", StringComparison.Ordinal) || n.EndsWith("experts.3.w1.weight", StringComparison.Ordinal))
        );
        double[] expected = golden.Doubles(name);
        int skip = name.EndsWith("gate_up_proj", StringComparison.Ordinal) ? 3 * 48 * 64 : 0;
        Assert.Equal(expected.Skip(skip).Take(24 * 64), last.Select(x => (double)x));
    }

    [Fact]
    public void Architectures_EveryClassIsListed()
    {
        var classes = typeof(IArchitecture)
            .Assembly.GetTypes()
            .Where(t => t is { IsClass: true, IsAbstract: false } && t.IsAssignableTo(typeof(IArchitecture)));
        Assert.Equal(classes.Select(t => t.Name).Order(), ArchitectureList.All.Select(a => a.GetType().Name).Order());
        Assert.Equal(ArchitectureList.All.Count, ArchitectureList.All.Select(a => a.Name).Distinct().Count());
    }

    [Fact]
    public void Catalog_ShapesAddUpToTheirParameters()
    {
        Assert.Equal(35, ModelCatalog.Names.Count);
        int opened = 0;
        foreach (string name in ModelCatalog.Names)
        {
            ModelCatalogEntry entry = ModelCatalog.Find(name);
            Assert.NotEmpty(entry.Source);
            if (entry.Missing.Length > 0)
            {
                Assert.Contains(entry.Missing, Assert.Throws<InvalidInputException>(entry.Open).Message, StringComparison.Ordinal);
                continue;
            }
            using Model model = entry.Open();
            Assert.True(model.IsShapeOnly);
            Assert.Equal(Counted(name), model.Parameters);
            Assert.All(model.Weights.Values, w => Assert.False(w.HasData));
            model.BuildGraph();
            opened++;
        }
        Assert.Equal(18, opened);
        Assert.Throws<InvalidInputException>(() => ModelCatalog.Find("llama-3.1-70b").Open().RequireTokenizer());
    }

    [Fact]
    public void Verifier_WrongGraph_NamesNodeAndTensor()
    {
        NormNode norm = new(1, "norm", 0, [1], NormKind.Rms, 1e-5f, new("norm.weight", 1, 16));
        EmbedNode embed = new(0, "embed", -1, [0], new("embed.weight", 4, 32));
        ModelGraph graph = new("test", [embed, norm, new AddNode(2, "add", 0, [2, 9], 16)]);
        Dictionary<string, WeightTensor> weights = new() { ["embed.weight"] = new("embed.weight", 4, 30) };
        IReadOnlyList<string> problems = Assert
            .Throws<InvalidInputException>(() => ModelGraphVerifier.Verify(graph, weights, "m"))
            .Problems;
        Assert.Equal(4, problems.Count);
        Assert.Contains("norm of layer 0 reads %1 of width 32 where it needs 16", problems[0], StringComparison.Ordinal);
        Assert.Contains("reads value %9", problems[1], StringComparison.Ordinal);
        Assert.Contains("'embed.weight' is 4 × 30", problems[2], StringComparison.Ordinal);
        Assert.Contains("no tensor 'norm.weight'", problems[3], StringComparison.Ordinal);
    }

    /// <summary>The count in the first line of the catalog file.</summary>
    private static long Counted(string name)
    {
        string line = File.ReadLines(SharedData.InRepository($"catalog/models/{name}.yaml")).First();
        string digits = line[(line.IndexOf("only; ", StringComparison.Ordinal) + 6)..line.IndexOf(" parameters", StringComparison.Ordinal)];
        return long.Parse(digits.Replace(",", "", StringComparison.Ordinal));
    }
}
