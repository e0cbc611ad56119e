using System.Text.RegularExpressions;
using Tapeout.Cli;
using Tapeout.Testing;

namespace Tapeout.Conventions;

/// <summary>What the documents say exists: links, verbs, options; and what they show runs.</summary>
public sealed partial class DocumentationTests
{
    private static readonly Lazy<IReadOnlyDictionary<string, string>> HelpOfVerbs = new(() =>
    {
        Dictionary<string, string> verbs = [];
        Collect("", verbs);
        return verbs;
    });

    public static TheoryData<string> Chapters =>
        [
            .. Directory
                .GetFiles(SharedData.InRepository("docs/guide"), "*.md")
                .Append(SharedData.InRepository("README.md"))
                .Select(f => Path.GetRelativePath(SharedData.Repository, f)),
        ];

    [Fact]
    public void Guide_ShowsEveryVerb()
    {
        HashSet<string> shown = [.. Chapters.SelectMany(row => Commands(row.Data)).SelectMany(c => (string[])[c.Arguments[0], Verb(c)])];
        Assert.Empty(HelpOfVerbs.Value.Keys.Where(verb => verb.Length > 0).Except(shown));
    }

    [Theory]
    [MemberData(nameof(Chapters))]
    public void Commands_Exist_WithTheirOptions(string chapter)
    {
        foreach (ShownCommand command in Commands(chapter))
        {
            string verb = Verb(command);
            Assert.True(HelpOfVerbs.Value.TryGetValue(verb, out string? help), $"{chapter}: there is no verb '{verb}'");
            foreach (string option in command.Arguments.Where(a => a.StartsWith("--", StringComparison.Ordinal)))
                Assert.True(help.Contains(option, StringComparison.Ordinal), $"{chapter}: 'tapeout {verb}' has no option {option}");
        }
    }

    [Fact]
    public void GuideCommands_RunAsShown()
    {
        string before = Environment.CurrentDirectory;
        string folder = Directory.CreateTempSubdirectory("tapeout-guide-").FullName;
        Environment.CurrentDirectory = folder;
        try
        {
            foreach (string chapter in Chapters.Select(row => row.Data).Order(StringComparer.Ordinal))
            {
                foreach (Match file in ShownFile().Matches(File.ReadAllText(SharedData.InRepository(chapter))))
                    File.WriteAllText(Path.Combine(folder, file.Groups[1].Value), file.Groups[2].Value);
                foreach (ShownCommand command in Commands(chapter).Where(c => c.NeedsNoFile))
                {
                    using StringWriter output = new();
                    using StringWriter errors = new();
                    int code = CommandLine.Run(command.Arguments, output, errors, new StringReader(command.Input));
                    Assert.True(
                        code == command.Code,
                        $"{chapter}: tapeout {string.Join(' ', command.Arguments)} ended with {code} instead of {command.Code}: {errors}"
                    );
                }
            }
        }
        finally
        {
            Environment.CurrentDirectory = before;
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public void Links_Resolve()
    {
        List<string> broken = [];
        foreach (string file in Documents())
        {
            foreach (Match link in Link().Matches(CodeBlock().Replace(File.ReadAllText(file), "")))
            {
                string target = link.Groups[1].Value.Split('#')[0];
                if (target.Length == 0 || target.Contains("://", StringComparison.Ordinal))
                    continue;
                string path = Path.Combine(Path.GetDirectoryName(file)!, target);
                if (!File.Exists(path) && !Directory.Exists(path))
                    broken.Add($"{Path.GetRelativePath(SharedData.Repository, file)}: {link.Groups[1].Value}");
            }
        }
        Assert.Empty(broken);
    }

    [Fact]
    public void Documents_AreForStrangers()
    {
        // A path of one machine says nothing to anybody else.
        string[] folders = ["src", "catalog", "docs", "tools", "tests", ".ci"];
        IEnumerable<string> files = folders
            .SelectMany(f => Directory.EnumerateFiles(SharedData.InRepository(f), "*", SearchOption.AllDirectories))
            .Concat(Documents())
            .Where(f =>
                !f.Contains("/obj/", StringComparison.Ordinal) && Path.GetExtension(f) is ".cs" or ".md" or ".yaml" or ".diff" or ""
            );
        Assert.Empty(
            files.Where(f => MachinePath().IsMatch(File.ReadAllText(f))).Select(f => Path.GetRelativePath(SharedData.Repository, f))
        );
    }

    [Fact]
    public void Decisions_AreNumberedWithoutGaps_AndHaveTheirParts()
    {
        string[] files = [.. Directory.GetFiles(SharedData.InRepository("docs/decisions"), "*.md").Order(StringComparer.Ordinal)];
        Assert.NotEmpty(files);
        for (int i = 0; i < files.Length; i++)
        {
            Assert.StartsWith($"{i + 1:0000}-", Path.GetFileName(files[i]), StringComparison.Ordinal);
            string text = File.ReadAllText(files[i]);
            Assert.All(
                (string[])["## Context", "## Choice", "## Consequence"],
                part => Assert.Contains(part, text, StringComparison.Ordinal)
            );
        }
    }

    private static void Collect(string verb, Dictionary<string, string> verbs)
    {
        using StringWriter output = new();
        string[] words = verb.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(0, CommandLine.Run([.. words, "--help"], output, TextWriter.Null));
        string help = output.ToString();
        verbs[verb] = help;
        int commands = help.IndexOf("Commands:", StringComparison.Ordinal);
        if (commands < 0)
            return;
        foreach (Match name in HelpedVerb().Matches(help[commands..]))
            Collect($"{verb} {name.Groups[1].Value}".Trim(), verbs);
    }

    /// <summary>The verb of a command: two words where the first has verbs of its own.</summary>
    private static string Verb(ShownCommand command)
    {
        string two = string.Join(' ', command.Arguments.Take(2));
        return HelpOfVerbs.Value.ContainsKey(two) ? two
            : command.Arguments[0].StartsWith('-') ? ""
            : command.Arguments[0];
    }

    /// <summary>The command lines in the code blocks of a document.</summary>
    private static IEnumerable<ShownCommand> Commands(string chapter)
    {
        foreach (Match block in CodeBlock().Matches(File.ReadAllText(SharedData.InRepository(chapter))))
        {
            foreach (string line in block.Groups[2].Value.Replace("\\\n", "", StringComparison.Ordinal).Split('\n'))
            {
                int start = line.IndexOf("./tapeout ", StringComparison.Ordinal);
                if (start >= 0)
                    yield return ShownCommand.Parse(line, start);
            }
        }
    }

    private static IEnumerable<string> Documents() =>
        Directory
            .GetFiles(SharedData.Repository, "*.md")
            .Concat(Directory.EnumerateFiles(SharedData.InRepository("docs"), "*.md", SearchOption.AllDirectories));

    [GeneratedRegex(@"```(\w*)[^\n]*\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    /// <summary>A code block with a name of a file in its first line: <c>```yaml my-chip.yaml</c>.</summary>
    [GeneratedRegex(@"```\w+ ([\w.-]+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShownFile();

    [GeneratedRegex(@"\[[^\]\n]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^  ([a-z]+)", RegexOptions.Multiline)]
    private static partial Regex HelpedVerb();

    [GeneratedRegex(@"(?<![\w.$}])/(work|home|root|Users)/\w")]
    private static partial Regex MachinePath();

    /// <summary>A command line as a document shows it, perhaps with a text piped into it and the exit code it ends with.</summary>
    private sealed record ShownCommand(string[] Arguments, string Input, int Code)
    {
        /// <summary>False for commands on a model file that the reader has to have.</summary>
        public bool NeedsNoFile => !Arguments.Any(a => a.EndsWith(".gguf", StringComparison.Ordinal));

        public static ShownCommand Parse(string line, int start)
        {
            string[] parts = line[start..].Split(" # ", 2);
            Match piped = PipedText().Match(line[..start]);
            string input = piped.Success ? piped.Groups[1].Value.Replace("\\n", "\n", StringComparison.Ordinal) : "";
            int code = parts.Length > 1 && parts[1].Contains("exit code 2", StringComparison.Ordinal) ? 2 : 0;
            string[] words =
            [
                .. QuotedWord().Matches(parts[0].Split(" > ")[0]).Select(m => m.Value.Replace("\"", "", StringComparison.Ordinal)).Skip(1),
            ];
            return new(words, input, code);
        }
    }

    [GeneratedRegex(@"printf '([^']*)' \| $")]
    private static partial Regex PipedText();

    [GeneratedRegex("(?:[^\\s\"]|\"[^\"]*\")+")]
    private static partial Regex QuotedWord();
}
