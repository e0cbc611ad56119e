using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Tapeout.Testing;

namespace Tapeout.Conventions;

/// <summary>How the sources are cut: who may know whom, one type a file, files that can be read.</summary>
public sealed partial class HouseTests
{
    private const int SoftLines = 400;
    private const int HardLines = 800;

    /// <summary>The projects in the order data flows; each may know only those before it.</summary>
    private static readonly string[] Order =
    [
        "Quantities",
        "Numerics",
        "Isa",
        "Chips",
        "Models",
        "Compiler",
        "Machine",
        "Timing",
        "Reports",
        "Cli",
    ];

    private static readonly (string One, string Other)[] Strangers = [("Machine", "Timing")];

    public static TheoryData<string> Projects => [.. Order];

    [Fact]
    public void Projects_AreThoseOfTheList() =>
        Assert.Equal(
            Order.Order(StringComparer.Ordinal),
            Directory
                .GetDirectories(SharedData.InRepository("src"))
                .Select(d => Path.GetFileName(d)["Tapeout.".Length..])
                .Order(StringComparer.Ordinal)
        );

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_RefersOnlyUpTheList(string project)
    {
        string file = SharedData.InRepository($"src/Tapeout.{project}/Tapeout.{project}.csproj");
        string[] stated =
        [
            .. XDocument
                .Load(file)
                .Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension((string)r.Attribute("Include")!)["Tapeout.".Length..]),
        ];
        string[] compiled =
        [
            .. Assembly
                .Load($"Tapeout.{project}")
                .GetReferencedAssemblies()
                .Select(a => a.Name!)
                .Where(n => n.StartsWith("Tapeout.", StringComparison.Ordinal))
                .Select(n => n["Tapeout.".Length..]),
        ];
        int own = Array.IndexOf(Order, project);
        Assert.All(stated.Concat(compiled), r => Assert.InRange(Array.IndexOf(Order, r), 0, own - 1));
        // What is used is stated, so that the list can be read off the project files.
        Assert.Empty(compiled.Except(stated));
        foreach ((string one, string other) in Strangers)
        {
            if (project == one)
                Assert.DoesNotContain(other, stated.Concat(compiled));
            if (project == other)
                Assert.DoesNotContain(one, stated.Concat(compiled));
        }
    }

    [Fact]
    public void Files_HaveOnePublicType_AndItsName()
    {
        List<string> problems = [];
        foreach (string file in Sources("src", "tools"))
        {
            string name = Path.GetFileName(file).Split('.')[0];
            string[] types = [.. PublicType().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value)];
            if (types.Length > 1)
                problems.Add($"{Relative(file)} has the public types {string.Join(", ", types)}");
            else if (types.Length == 1 && types[0] != name)
                problems.Add($"{Relative(file)} holds {types[0]}");
        }
        Assert.Empty(problems);
    }

    [Fact]
    public void Files_CanBeRead()
    {
        (string File, int Lines)[] lengths = [.. Sources("src", "tools", "tests").Select(f => (Relative(f), File.ReadLines(f).Count()))];
        Assert.Empty(lengths.Where(f => f.Lines > HardLines).Select(f => $"{f.File} has {f.Lines} lines"));
        // Growth beyond the soft limit is a decision: few files may take it.
        string[] grown = [.. lengths.Where(f => f.Lines > SoftLines).Select(f => $"{f.File} has {f.Lines} lines")];
        Assert.True(grown.Length <= lengths.Length / 50, string.Join('\n', grown));
    }

    [Fact]
    public void Names_SayWhatIsInside()
    {
        IEnumerable<string> files = Sources("src", "tools").Select(f => Path.GetFileName(f).Split('.')[0]);
        IEnumerable<string> types = Sources("src", "tools")
            .SelectMany(f => AnyType().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value));
        Assert.All(files.Concat(types), name => Assert.DoesNotMatch(VagueName(), name));
    }

    [Fact]
    public void Sources_HaveNothingUnfinished() =>
        Assert.All(
            Sources("src", "tools", "tests", "samples", "benchmarks").Where(f => Path.GetFileName(f) != "HouseTests.cs"),
            file => Assert.False(Unfinished().IsMatch(File.ReadAllText(file)), $"{Relative(file)} has something unfinished")
        );

    [Fact]
    public void PublicMembers_AreDocumented_OrTheBuildFails()
    {
        string properties = File.ReadAllText(SharedData.InRepository("Directory.Build.props"));
        Assert.Contains("<GenerateDocumentationFile>true</GenerateDocumentationFile>", properties, StringComparison.Ordinal);
        Assert.Contains("<TreatWarningsAsErrors>true</TreatWarningsAsErrors>", properties, StringComparison.Ordinal);
        // Only test projects may leave members undocumented.
        XElement[] groups = [.. XDocument.Parse(properties).Root!.Elements("PropertyGroup")];
        Assert.All(
            groups.Where(g => g.Value.Contains("CS1591", StringComparison.Ordinal)),
            g => Assert.Contains(".Tests", (string?)g.Attribute("Condition"), StringComparison.Ordinal)
        );
        foreach (string file in Directory.GetFiles(SharedData.InRepository("src"), "*.csproj", SearchOption.AllDirectories))
        {
            string text = File.ReadAllText(file);
            Assert.DoesNotContain("CS1591", text, StringComparison.Ordinal);
            Assert.DoesNotContain("GenerateDocumentationFile", text, StringComparison.Ordinal);
            Assert.DoesNotContain("TreatWarningsAsErrors", text, StringComparison.Ordinal);
        }
        Assert.DoesNotMatch(@"CS1591\.severity", File.ReadAllText(SharedData.InRepository(".editorconfig")));
        foreach (string project in Order)
        {
            string documentation = Path.Combine(AppContext.BaseDirectory, $"Tapeout.{project}.xml");
            Assert.True(File.Exists(documentation), $"{documentation} was not written");
        }
    }

    private static IEnumerable<string> Sources(params string[] folders) =>
        folders
            .Select(SharedData.InRepository)
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Where(f => !f.EndsWith(".g.cs", StringComparison.Ordinal) && !f.Contains("/obj/", StringComparison.Ordinal));

    private static string Relative(string file) => Path.GetRelativePath(SharedData.Repository, file);

    [GeneratedRegex(
        @"^public (?:(?:static|sealed|abstract|partial|readonly|unsafe|ref) )*(?:record struct|record|class|struct|interface|enum|delegate [^\s(]+) (\w+)",
        RegexOptions.Multiline
    )]
    private static partial Regex PublicType();

    [GeneratedRegex(
        @"^ *(?:(?:public|internal|private|protected|static|sealed|abstract|partial|readonly|unsafe|ref) )+(?:record struct|record|class|struct|interface|enum) (\w+)",
        RegexOptions.Multiline
    )]
    private static partial Regex AnyType();

    [GeneratedRegex("^(Common|Misc|.*(Utils?|Utilities|Helpers?|Manager))$")]
    private static partial Regex VagueName();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException|NotSupportedException\(\)")]
    private static partial Regex Unfinished();
}
