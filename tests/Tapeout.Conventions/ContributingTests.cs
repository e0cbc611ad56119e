using Tapeout.Testing;

namespace Tapeout.Conventions;

/// <summary>
/// CONTRIBUTING's three recipes are real diffs: applied to a copy of the sources they build and work, and a recipe that stops half-way
/// does not build.
/// </summary>
public sealed class ContributingTests
{
    private static readonly string[] Recipes = ["add-a-chip", "add-an-architecture", "add-an-instruction"];

    /// <summary>Metadata that turns the embedded Llama into a file of the recipe's architecture, with the same numbers.</summary>
    private static readonly string[] AsXverse =
    [
        "general.architecture=str:xverse",
        "xverse.block_count=int:5",
        "xverse.context_length=int:512",
        "xverse.embedding_length=int:64",
        "xverse.feed_forward_length=int:172",
        "xverse.attention.head_count=int:8",
        "xverse.attention.head_count_kv=int:4",
        "xverse.rope.dimension_count=int:8",
        "xverse.attention.layer_norm_rms_epsilon=float:1e-5",
    ];

    [Fact]
    public void Contributing_NamesEveryRecipe()
    {
        string text = File.ReadAllText(SharedData.InRepository("CONTRIBUTING.md"));
        Assert.All(Recipes, recipe => Assert.Contains($"docs/contributing/{recipe}.diff", text, StringComparison.Ordinal));
        Assert.Equal(
            Recipes,
            Directory.GetFiles(SharedData.InRepository("docs/contributing"), "*.diff").Select(Path.GetFileNameWithoutExtension).Order()
        );
    }

    [Fact]
    public void Recipes_ApplyBuildAndWork()
    {
        using SourceCopy copy = new();
        Apply(copy, "add-an-instruction", "src/Tapeout.Isa/Definition");
        copy.Dotnet(0, "build", "tools/Tapeout.Generate", "-c", "Release", "-v", "quiet", "-nologo", "-p:RunAnalyzers=false");
        copy.Dotnet(1, "artifacts/bin/Tapeout.Generate/release/Tapeout.Generate.dll", "--check");
        copy.Dotnet(0, "artifacts/bin/Tapeout.Generate/release/Tapeout.Generate.dll");
        // The row alone: every reader of the instruction set has to say what it makes of it.
        string broken = copy.Dotnet(1, "build", "src/Tapeout.Isa", "-c", "Release", "-v", "quiet", "-nologo", "-p:RunAnalyzers=false");
        Assert.Contains("IInstructionVisitor<bool>.Visit(Clamp)", broken, StringComparison.Ordinal);

        Apply(copy, "add-an-instruction", except: "src/Tapeout.Isa/Definition");
        Apply(copy, "add-an-architecture");
        Apply(copy, "add-a-chip");
        copy.Dotnet(0, "build", "tests/Tapeout.Machine.Tests", "-c", "Release", "-v", "quiet", "-nologo", "-p:RunAnalyzers=false");
        copy.Dotnet(0, "build", "src/Tapeout.Cli", "-c", "Release", "-v", "quiet", "-nologo", "-p:RunAnalyzers=false");
        copy.Dotnet(0, "artifacts/bin/Tapeout.Generate/release/Tapeout.Generate.dll");
        Assert.True(File.Exists(copy.PathOf("docs/isa/CLAMP.md")));

        string tests = copy.Run(
            0,
            copy.PathOf("artifacts/bin/Tapeout.Machine.Tests/release/Tapeout.Machine.Tests"),
            "--filter-class",
            "*ClampTests"
        );
        Assert.Contains("succeeded: 1", tests, StringComparison.Ordinal);
        string[] run = ["artifacts/bin/Tapeout.Cli/release/Tapeout.Cli.dll", "run", "Once upon a time", "--max-tokens", "8"];
        string story = copy.Dotnet(0, [.. run, "--chip", "edge-npu"]);
        Assert.Contains("Once upon a time", story, StringComparison.Ordinal);
        string other = copy.Dotnet(0, [.. run, "--chip", "edge-npu", .. AsXverse.SelectMany(o => (string[])["--override-kv", o])]);
        Assert.Equal(story.Split('\n')[0], other.Split('\n')[0]);
        Assert.Contains("xverse", copy.Dotnet(2, [.. run, "--override-kv", "general.architecture=str:none"]), StringComparison.Ordinal);
    }

    private static void Apply(SourceCopy copy, string recipe, string? only = null, string? except = null)
    {
        string diff = SharedData.InRepository($"docs/contributing/{recipe}.diff");
        List<string> arguments = ["apply"];
        if (only is not null)
            arguments.Add($"--include={only}/*");
        if (except is not null)
            arguments.Add($"--exclude={except}/*");
        copy.Run(0, "git", [.. arguments, diff]);
    }
}
