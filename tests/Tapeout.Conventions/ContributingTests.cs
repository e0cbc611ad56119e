using System.Diagnostics;
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
        using Copy copy = new();
        copy.Apply("add-an-instruction", "src/Tapeout.Isa/Definition");
        copy.Dotnet(0, "build", "tools/Tapeout.Generate", "-c", "Release", "-v", "quiet", "-nologo", "-p:RunAnalyzers=false");
        copy.Dotnet(1, "artifacts/bin/Tapeout.Generate/release/Tapeout.Generate.dll", "--check");
        copy.Dotnet(0, "artifacts/bin/Tapeout.Generate/release/Tapeout.Generate.dll");
        // The row alone: every reader of the instruction set has to say what it makes of it.
        string broken = copy.Dotnet(1, "build", "src/Tapeout.Isa", "-c", "Release", "-v", "quiet", "-nologo", "-p:RunAnalyzers=false");
        Assert.Contains("IInstructionVisitor<bool>.Visit(Clamp)", broken, StringComparison.Ordinal);

        copy.Apply("add-an-instruction", except: "src/Tapeout.Isa/Definition");
        copy.Apply("add-an-architecture");
        copy.Apply("add-a-chip");
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

    /// <summary>A copy of the sources in a temporary folder.</summary>
    private sealed class Copy : IDisposable
    {
        private static readonly string[] Folders = ["src", "catalog", "models", "tools", "tests", "docs"];
        private readonly string _root = Directory.CreateTempSubdirectory("tapeout-contributing-").FullName;

        public Copy()
        {
            string source = Path.GetDirectoryName(SharedData.InRepository("Tapeout.slnx"))!;
            foreach (string file in Directory.GetFiles(source).Where(f => Path.GetExtension(f) is ".props" or ".json" or ".slnx" or ""))
                File.Copy(file, Path.Combine(_root, Path.GetFileName(file)));
            foreach (string hidden in (string[])[".editorconfig", ".gitignore"])
            {
                if (File.Exists(Path.Combine(source, hidden)))
                    File.Copy(Path.Combine(source, hidden), Path.Combine(_root, hidden), true);
            }
            foreach (string file in Folders.SelectMany(f => Directory.GetFiles(Path.Combine(source, f), "*", SearchOption.AllDirectories)))
            {
                string target = Path.Combine(_root, Path.GetRelativePath(source, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }

        public string PathOf(string path) => Path.Combine(_root, path);

        public void Apply(string recipe, string? only = null, string? except = null)
        {
            string diff = SharedData.InRepository($"docs/contributing/{recipe}.diff");
            List<string> arguments = ["apply"];
            if (only is not null)
                arguments.Add($"--include={only}/*");
            if (except is not null)
                arguments.Add($"--exclude={except}/*");
            Run(0, "git", [.. arguments, diff]);
        }

        public string Dotnet(int code, params string[] arguments) => Run(code, "dotnet", arguments);

        public string Run(int code, string program, params string[] arguments)
        {
            ProcessStartInfo start = new(program)
            {
                WorkingDirectory = _root,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            foreach (string argument in arguments)
                start.ArgumentList.Add(argument);
            // A build server of this run would keep the copy's files open.
            start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
            start.Environment["UseSharedCompilation"] = "false";
            start.Environment["GIT_CEILING_DIRECTORIES"] = Path.GetDirectoryName(_root);
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            string text = output + errors.Result;
            Assert.True(process.ExitCode == code, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{text}");
            return text;
        }

        public void Dispose() => Directory.Delete(_root, true);
    }
}
