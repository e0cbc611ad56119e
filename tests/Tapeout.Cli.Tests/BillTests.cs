using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Tapeout.Testing;

namespace Tapeout.Cli.Tests;

public sealed class BillTests
{
    private static readonly string[] Load = ["-m", "llama-3.1-8b", "--chip", "ideal", "-f", "int4", "--prompt-tokens", "64", "-n", "16"];

    [Fact]
    public void SimulateJson_HasEnergyAreaAndMoney()
    {
        JsonNode root = Invocation.Good(["simulate", .. Load, "--json"]).Json;
        Assert.True((double)root["host"]!["timingProcessorSeconds"]! > 0 && (long)root["host"]!["peakMemoryBytes"]! > 1 << 20);
        JsonNode predicted = root["predicted"]!;
        double joules = (double)predicted["joulesPerToken"]!;
        Assert.InRange(joules, 0.05, 2);
        Assert.InRange((double)predicted["areaSquareMillimetres"]!, 100, 858);
        Assert.InRange((double)predicted["dollarsPerMillionTokens"]!, 0.001, 10);
        JsonNode decode = predicted["energy"]!["decode"]!;
        Assert.Equal("card", (string?)predicted["energy"]!["boundary"]);
        Assert.Equal(joules, (double)decode["joulesPerToken"]!["typical"]!);
        Assert.Equal(joules, ((JsonObject)decode["parts"]!).Sum(p => (double)p.Value!), joules * 1e-9);
        Assert.True((double)decode["dieJoulesPerToken"]! < joules && joules < (double)decode["systemJoulesPerToken"]!);
        Assert.Equal(
            (double)predicted["area"]!["modelledSquareMillimetres"]!,
            predicted["area"]!["blocks"]!.AsArray().Sum(b => (double)b!["squareMillimetres"]!),
            1e-6
        );
    }

    [Fact]
    public void SimulateJson_UnknownFiguresAreNullAndSayWhy()
    {
        JsonNode predicted = Invocation.Good(["simulate", .. Load, "--set", "technology=2nm", "--json"]).Json["predicted"]!;
        Assert.NotNull(predicted["joulesPerToken"]);
        Assert.Null(predicted["dollarsPerMillionTokens"]);
        Assert.Contains("defectDensity", (string?)predicted["unknown"]!["money"], StringComparison.Ordinal);
    }

    [Fact]
    public void RunAndSimulate_AgreeOnEveryFigureOfTheSameShapes()
    {
        string[] model = ["--chip", "reference", "-f", "int8", "--context", "64", "--json", "-n", "6"];
        JsonNode ran = Invocation.Good(["run", "Once upon a time", .. model, "--ignore-eos"]).Json;
        string tokens = $"{ran["prompt"]!["tokenIds"]!.AsArray().Count}";
        JsonNode simulated = Invocation.Good(["simulate", .. model, "--prompt-tokens", tokens]).Json;
        Assert.Equal(simulated["predicted"]!.ToJsonString(), ran["predicted"]!.ToJsonString());
        Assert.Equal(simulated["program"]!.ToJsonString(), ran["program"]!.ToJsonString());
        Assert.InRange((double)ran["predicted"]!["joulesPerToken"]!, 1e-9, 1);
        JsonNode again = Invocation.Good(["simulate", .. model, "--prompt-tokens", tokens]).Json;
        Assert.Equal(simulated["predicted"]!.ToJsonString(), again["predicted"]!.ToJsonString());
    }

    [Fact]
    public void Experts_AreRecordedByRun_AndTakenBySimulate()
    {
        string model = SharedData.PathOf("models/conformance/mixtral/model.gguf");
        using TemporaryFolder folder = new();
        string[] load = ["-m", model, "--chip", "reference", "-n", "8"];
        Invocation.Good(["run", "Once upon a time", .. load, "--ignore-eos", "--record-experts", folder["experts.csv"]]);
        Assert.StartsWith("layer,expert,tokens\n0,0,", File.ReadAllText(folder["experts.csv"]), StringComparison.Ordinal);
        string[] timed = ["simulate", .. load, "--prompt-tokens", "40"];
        JsonNode recorded = Invocation.Good([.. timed, "--experts", folder["experts.csv"], "--json"]).Json["predicted"]!["experts"]!;
        Assert.Equal("as recorded in experts.csv", (string?)recorded["distribution"]);
        Assert.Equal(20, (double)recorded["prefill"]!["meanTokens"]!);
        Assert.True((double)recorded["prefill"]!["imbalance"]! > 1);
        Assert.Contains(
            "tokens over experts: power law 1.2, seed 7",
            Invocation.Good([.. timed, "--experts", "power-law:1.2,7"]).Output,
            StringComparison.Ordinal
        );
        Assert.Contains("imbalance 1 ", Invocation.Good(timed).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Money_FollowsTheYieldModelAndTheUtilisation()
    {
        JsonNode Cost(params string[] options) => Invocation.Good(["simulate", .. Load, .. options, "--json"]).Json["predicted"]!["cost"]!;
        JsonNode usual = Cost();
        JsonNode poisson = Cost("--yield", "poisson");
        Assert.True((double)poisson["yield"]! < (double)usual["yield"]!);
        Assert.True((double)poisson["chipDollars"]!["typical"]! > (double)usual["chipDollars"]!["typical"]!);
        double Million(JsonNode cost) => (double)cost["dollarsPerMillionTokens"]!["typical"]!;
        Assert.True(Million(Cost("--utilisation", "0.35")) > 1.5 * Million(usual));
        Assert.True((double)Cost("--volume", "100")["chipDollars"]!["typical"]! > (double)usual["chipDollars"]!["typical"]!);
    }

    [Theory]
    [InlineData("timeToFirstTokenSeconds")]
    [InlineData("tokensPerSecond")]
    [InlineData("decodeStepCycles")]
    public void Explain_ATimeEndsAtInstructionsAndSourcedFigures(string figure)
    {
        string text = Invocation.Good(["explain", figure, .. Load]).Output;
        Assert.Contains("MATMUL ffn_down", text, StringComparison.Ordinal);
        Assert.Contains("ideal.memory[0].bandwidth", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Html_IsOnePageWithoutTheNetwork()
    {
        using TemporaryFolder folder = new();
        string file = folder["bill.html"];
        Invocation.Good(["simulate", .. Load, "--html", file]);
        string page = File.ReadAllText(file);
        Assert.Equal(4, page.Split("<svg").Length - 1);
        Assert.DoesNotContain("http", page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Timeline_IsDrawnAsLinesAndAsPixels()
    {
        using TemporaryFolder folder = new();
        Invocation.Good(["simulate", .. Load, "--timeline", folder["step.svg"]]);
        Assert.StartsWith("<svg", File.ReadAllText(folder["step.svg"]), StringComparison.Ordinal);
        Invocation drawn = Invocation.Of(["simulate", .. Load, "--timeline", folder["step.PNG"]]);
        if (drawn.Errors.Contains("needs a font", StringComparison.Ordinal))
            Assert.Skip("needs a font on this system");
        Assert.Equal(0, drawn.Code);
        byte[] png = File.ReadAllBytes(folder["step.PNG"]);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10], png[..8]);
        Assert.InRange(BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), 1600, 4000);
        Assert.InRange(BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)), 300, 2000);
        Assert.Equal(2, folder.Content.Length);
    }

    [Fact]
    public void ExpandRanks_TimesEachAndShowsItInTheTrace()
    {
        using TemporaryFolder folder = new();
        string[] ranks = [.. Load, "--chips", "3", "--expand-ranks", "--trace", folder["step.json"]];
        JsonNode expanded = Invocation.Good(["simulate", .. ranks, "--json"]).Json["expandedRanks"]!;
        Assert.Equal(3, expanded["ranks"]!.AsArray().Count);
        Assert.Equal((long)expanded["cycles"]!, expanded["ranks"]!.AsArray().Max(r => (long)r!["doneCycles"]!));
        Assert.InRange((long)expanded["cycles"]!, 1, (long)expanded["foldedCycles"]!);
        JsonArray trace = JsonNode.Parse(File.ReadAllText(folder["step.json"]))!["traceEvents"]!.AsArray();
        Assert.Equal([0, 1, 2], trace.Where(e => (string?)e!["ph"] == "X").Select(e => (int)e!["pid"]!).Distinct().Order());
        Assert.Contains(trace, e => ((string?)e!["args"]?["name"])?.StartsWith("rank 2 of 3: ideal", StringComparison.Ordinal) == true);
        Assert.Contains("each timed beside the others", Invocation.Good(["simulate", .. ranks]).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("joulesPerToken", "source:")]
    [InlineData("dollarsPerMillionTokens", "common.lifetime")]
    [InlineData("areaSquareMillimetres", "3nm.logicPeak")]
    [InlineData("area.SRAM", "3nm.sramMacro")]
    public void Explain_ReachesConstantsAndTheirSources(string figure, string holds) =>
        Assert.Contains(holds, Invocation.Good(["explain", figure, .. Load]).Output, StringComparison.Ordinal);

    [Fact]
    public void Explain_AnUnknownFigureIsRefusedWithTheNearest() =>
        Assert.Contains(
            "did you mean 'joulesPerToken'",
            Invocation.Of(["explain", "joulesPerTokn", .. Load]).Errors,
            StringComparison.Ordinal
        );

    [Fact]
    public void Technology_ShowsConstantsWithTheirSources()
    {
        Assert.Contains("130nm", Invocation.Good(["technology", "list"]).Output, StringComparison.Ordinal);
        string shown = Invocation.Good(["technology", "show", "5nm"]).Output;
        Assert.Contains("logicPeak", shown, StringComparison.Ordinal);
        Assert.Contains("13495USD to 18000USD", shown, StringComparison.Ordinal);
        Assert.Contains("there is no technology node '6mn'", Invocation.Of(["technology", "show", "6mn"]).Errors, StringComparison.Ordinal);
    }
}
