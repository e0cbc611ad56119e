using System.Text.Json.Nodes;

namespace Tapeout.Cli.Tests;

/// <summary><c>tapeout compare</c>: the figures of <c>simulate</c>, a chip a line.</summary>
public sealed class CompareVerbTests
{
    private static readonly string[] Load = ["-m", "llama-3.1-8b", "--prompt-tokens", "64", "-n", "16", "-b", "2"];

    /// <summary>Every row is what <c>simulate</c> says of that chip, count and format.</summary>
    [Fact]
    public void Json_RowsAreThoseOfSimulate()
    {
        JsonArray rows = Invocation.Good(["compare", "ideal", "nvidia-h100-sxm:2@bf16", .. Load, "--json"]).Json["rows"]!.AsArray();
        string[][] alone =
        [
            ["--chip", "ideal"],
            ["--chip", "nvidia-h100-sxm", "--chips", "2", "-f", "bf16"],
        ];
        Assert.Equal(2, rows.Count);
        for (int i = 0; i < 2; i++)
        {
            JsonNode expected = Invocation.Good(["simulate", .. alone[i], .. Load, "--json"]).Json;
            ((JsonObject)expected["predicted"]!).Remove("mostConcurrentSequences");
            Assert.Equal(expected["predicted"]!.ToJsonString(), rows[i]!["predicted"]!.ToJsonString());
            Assert.Equal(expected["program"]!.ToJsonString(), rows[i]!["program"]!.ToJsonString());
        }
    }

    /// <summary>A chip that cannot is a result beside the others; its reason says what it lacks.</summary>
    [Fact]
    public void Text_ALinePerChip_AndTheReasonOfOneThatCannot()
    {
        string text = Invocation.Good(["compare", "ideal", "taalas-hc1-like", "-m", "llama-3.1-70b", .. Load[2..]]).Output;
        Assert.Contains("llama-3.1-70b, batch 2, prompt 64, output 16", text, StringComparison.Ordinal);
        Assert.Contains("1.00×", text, StringComparison.Ordinal);
        Assert.Contains("not validated against hardware: ideal", text, StringComparison.Ordinal);
        Assert.Contains("taalas-hc1-like cannot: ", text, StringComparison.Ordinal);
        Assert.Contains("SRAM", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ideal:0", "asks for '0' chips")]
    [InlineData("ideal@int7", "'int7'")]
    [InlineData("nosuch", "no chip 'nosuch'")]
    public void BadChip_Refused(string chip, string expected)
    {
        Invocation refused = Invocation.Of(["compare", "ideal", chip, .. Load]);
        Assert.Equal(2, refused.Code);
        Assert.Equal("", refused.Output);
        Assert.Contains(expected, refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void MistypedOption_IsNoChip()
    {
        Invocation refused = Invocation.Of("compare", "ideal", "--modle", "llama-3.1-8b");
        Assert.Equal(2, refused.Code);
        Assert.Contains(
            "'--modle' is not an option here (did you mean '--model'?)",
            Assert.Single(refused.ErrorLines),
            StringComparison.Ordinal
        );
    }

    /// <summary>What no chip can is refused, each reason once.</summary>
    [Fact]
    public void NoChipCan_Refused()
    {
        Invocation refused = Invocation.Of("compare", "ideal", "ideal", "-m", "llama-3.1-8b", "--context", "8", "--prompt-tokens", "64");
        Assert.Equal(2, refused.Code);
        Assert.Single(refused.ErrorLines);
    }

    [Fact]
    public void Chip_FormatWithAnAtOfItsOwn()
    {
        JsonNode row = Invocation.Good(["compare", "reference@int4-g32@f16/f32", .. Load, "--json"]).Json["rows"]![0]!;
        Assert.Equal("int4-g32@f16/f32", (string?)row["format"]);
    }
}
