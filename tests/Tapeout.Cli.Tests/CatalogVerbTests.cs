using System.Text.Json.Nodes;

namespace Tapeout.Cli.Tests;

/// <summary>chips, models and inspect.</summary>
public sealed class CatalogVerbTests
{
    [Theory]
    [InlineData("chips", "list")]
    [InlineData("models", "list")]
    [InlineData("inspect", "stories260k")]
    public void Tables_AlignTheirColumns_AndNoLineIsBroken(params string[] arguments)
    {
        string[] lines = Invocation.Good(arguments).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (arguments[0] == "inspect")
            lines = lines[1..];
        int second = lines[0].IndexOf("  ", StringComparison.Ordinal);
        int gap = lines.Max(line => line.Split(' ')[0].Length);
        Assert.True(second > 0, lines[0]);
        // The names fill the first column, which every other column stands right of.
        Assert.All(lines[1..], line => Assert.True(line.Length <= gap || line[gap] == ' ', line));
        Assert.All(lines, line => Assert.Equal(line.TrimEnd(), line));
        Assert.All(lines, line => Assert.DoesNotContain('\u001b', line));
    }

    [Fact]
    public void ChipsShow_GivesEveryFigureWithItsSource()
    {
        JsonNode root = Invocation.Good("chips", "show", "nvidia-h100-sxm", "--json").Json;
        JsonArray figures = root["figures"]!.AsArray();
        Assert.True(figures.Count > 40);
        Assert.All(
            figures,
            f => Assert.True(f!["sources"]!.AsArray().Count > 0 || !string.IsNullOrEmpty((string?)f["note"]), $"{f["path"]} has no source")
        );
        string text = Invocation.Good("chips", "show", "nvidia-h100-sxm").Output;
        Assert.All(figures, f => Assert.Contains((string)f!["path"]!, text, StringComparison.Ordinal));
    }

    [Fact]
    public void ChipsShow_Set_ShowsTheOverride()
    {
        JsonNode root = Invocation.Good("chips", "show", "ideal", "--set", "clock=2GHz", "--json").Json;
        Assert.Equal(2_000_000_000, (long)root["clockHertz"]!);
    }

    [Fact]
    public void ModelsShow_KnowsShapesAndFiles()
    {
        JsonNode shape = Invocation.Good("models", "show", "llama-3.1-70b", "--json").Json;
        Assert.Equal(80, (int)shape["layers"]!);
        Assert.Equal(70_553_706_496, (long)shape["parameters"]!);
        JsonNode lacking = Invocation.Good("models", "show", "deepseek-v3", "--json").Json;
        Assert.NotEqual("", (string)lacking["missing"]!);
        Assert.Equal("F32", (string?)Invocation.Good("models", "show", "stories260k", "--json").Json["weights"]);
    }

    [Fact]
    public void ListsAsJson_NameWhatTheTablesName()
    {
        foreach (string verb in (string[])["chips", "models"])
        {
            string table = Invocation.Good(verb, "list").Output;
            JsonArray list = Invocation.Good(verb, "list", "--json").Json.AsArray();
            Assert.Equal(table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length - 1, list.Count);
            Assert.All(list, entry => Assert.Contains((string)entry!["name"]!, table, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void InspectJson_CountsEveryTensor()
    {
        JsonNode root = Invocation.Good("inspect", "stories260k", "--json").Json;
        JsonArray tensors = root["tensors"]!.AsArray();
        Assert.Equal(48, tensors.Count);
        long elements = tensors.Sum(t => (long)t!["matrices"]! * (long)t["rows"]! * (long)t["columns"]!);
        Assert.Equal((long)root["parameters"]!, elements);
    }

    [Fact]
    public void Help_NamesEveryVerb_AndVersionPrintsOne()
    {
        string help = Invocation.Good("--help").Output;
        Assert.Contains("tapeout [command]", help, StringComparison.Ordinal);
        foreach (string verb in (string[])["run", "chat", "simulate", "compile", "disasm", "asm", "vectors", "chips", "models", "inspect"])
            Assert.Contains($"\n  {verb}", help, StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+\.\d+", Invocation.Good("--version").Output);
    }

    [Fact]
    public void ChipsShow_DurationsOfAChipsFileWithTheirSource()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(
            folder["rtl.yaml"],
            "name: rtl\ntitle: a variant\nextends: ideal\ndurations:\n  INSTALL: { formula: \"rows + 40\", source: my RTL }\n"
        );
        Assert.Matches("durations.INSTALL +rows \\+ 40 cycles +my RTL", Invocation.Good("chips", "show", folder["rtl.yaml"]).Output);
        JsonNode durations = Invocation.Good("chips", "show", folder["rtl.yaml"], "--json").Json["durations"]!;
        Assert.Equal("my RTL", (string?)durations["INSTALL"]!["source"]);
    }
}
