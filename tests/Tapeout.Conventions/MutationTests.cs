using System.Diagnostics;
using System.Globalization;
using Tapeout.Testing;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Tapeout.Conventions;

/// <summary>
/// Tests of the tests: each list in <c>tests/Mutations</c> names faults, a replaced piece of text each, and the test projects that must
/// notice. Planting them takes minutes, so it is asked for: <c>TAPEOUT_MUTATE=1</c> plants those of all lists, <c>TAPEOUT_MUTATE=timing</c>
/// those of one, <c>TAPEOUT_MUTATE=timing/name,name</c> some of it. That every fault still has its place in the sources is always tested.
/// </summary>
public sealed class MutationTests
{
    private const string Survives = "survives";
    private const string DoesNotBuild = "does not build";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    public static TheoryData<string> Lists =>
        [.. Directory.GetFiles(SharedData.InRepository("tests/Mutations"), "*.yaml").Order(StringComparer.Ordinal).Select(Name)];

    [Theory]
    [MemberData(nameof(Lists))]
    public void Faults_HaveTheirPlaceInTheSources(string list)
    {
        FaultList faults = Read(list);
        List<string> problems = [];
        foreach (string project in faults.Projects.Where(p => !Directory.Exists(SharedData.InRepository(p))))
            problems.Add($"there is no project {project}");
        foreach (string name in faults.Faults.GroupBy(f => f.Name).Where(g => g.Count() > 1).Select(g => g.Key))
            problems.Add($"two faults are named {name}");
        foreach (Fault fault in faults.Faults)
        {
            string path = SharedData.InRepository(fault.File);
            int places = File.Exists(path) ? File.ReadAllText(path).Split(fault.Find).Length - 1 : -1;
            if (places != 1 || fault.Find == fault.Replace)
                problems.Add($"{fault.Name}: the text stands {places} times in {fault.File}, not once");
        }
        Assert.True(faults.Projects.Count > 0 && faults.Faults.Count > 0, $"{list} is empty");
        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void Faults_AreNoticed(string list)
    {
        string asked = Environment.GetEnvironmentVariable("TAPEOUT_MUTATE") ?? "";
        string[] path = asked.Split('/');
        FaultList faults = Read(list);
        Fault[] planted = [.. faults.Faults.Where(f => path.Length < 2 || path[1].Split(',').Contains(f.Name))];
        if (asked != "1" && path[0] != list)
            Assert.Skip($"plants {planted.Length} faults, one build and test run each; ask for it by TAPEOUT_MUTATE={list}");
        using SourceCopy copy = new();
        string[] build = ["-c", "Release", "-v", "quiet", "-nologo", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false"];
        foreach (string project in faults.Projects)
            copy.Dotnet(0, ["build", project, .. build]);
        Assert.True(Noticed(copy, faults) is null, "The tests fail without any fault.");
        List<string> survivors = [];
        foreach (Fault fault in planted)
        {
            Stopwatch watch = Stopwatch.StartNew();
            string source = File.ReadAllText(copy.PathOf(fault.File));
            string assembly = fault.File.Split('/')[1];
            byte[] sound = File.ReadAllBytes(copy.PathOf($"artifacts/bin/{assembly}/release/{assembly}.dll"));
            File.WriteAllText(copy.PathOf(fault.File), source.Replace(fault.Find, fault.Replace, StringComparison.Ordinal));
            string noticed = Planted(copy, faults, assembly, build) ?? Survives;
            if (noticed is Survives or DoesNotBuild)
                survivors.Add($"{fault.Name} {noticed}");
            TestContext.Current.TestOutputHelper!.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{fault.Name}: {noticed} ({watch.Elapsed.TotalSeconds:0} s)")
            );
            File.WriteAllText(copy.PathOf(fault.File), source);
            Install(copy, faults, assembly, sound);
        }
        Assert.True(survivors.Count == 0, string.Join(", ", survivors));
    }

    /// <summary>What notices the fault that stands in an assembly's sources.</summary>
    private static string? Planted(SourceCopy copy, FaultList faults, string assembly, string[] build)
    {
        // Only the faulty assembly is built, and laid beside the tests: nothing they refer to changes.
        string[] only = ["build", $"src/{assembly}", "--no-restore", "-p:BuildProjectReferences=false", .. build];
        if (copy.Try("dotnet", Limit, only).Code != 0)
            return DoesNotBuild;
        Install(copy, faults, assembly, File.ReadAllBytes(copy.PathOf($"artifacts/bin/{assembly}/release/{assembly}.dll")));
        return Noticed(copy, faults);
    }

    /// <summary>The first test that fails; none if all pass.</summary>
    private static string? Noticed(SourceCopy copy, FaultList faults)
    {
        foreach (string project in faults.Projects)
        {
            string name = Path.GetFileName(project);
            string[] options = ["--no-ansi", "--progress", "off", "--stop-on-fail", "on", .. faults.Options];
            (int? code, string text) = copy.Try(copy.PathOf($"artifacts/bin/{name}/release/{name}"), Limit, options);
            if (code is null)
                return $"{name} does not end";
            if (code != 0)
            {
                string? failed = text.Split('\n').FirstOrDefault(l => l.StartsWith("failed ", StringComparison.Ordinal));
                return failed?.Trim() ?? $"{name} ends with {code}";
            }
        }
        return null;
    }

    private static void Install(SourceCopy copy, FaultList faults, string assembly, byte[] bytes)
    {
        File.WriteAllBytes(copy.PathOf($"artifacts/bin/{assembly}/release/{assembly}.dll"), bytes);
        foreach (string project in faults.Projects)
            File.WriteAllBytes(copy.PathOf($"artifacts/bin/{Path.GetFileName(project)}/release/{assembly}.dll"), bytes);
    }

    private static string Name(string file) => Path.GetFileNameWithoutExtension(file);

    private static FaultList Read(string list) =>
        new DeserializerBuilder()
            .WithNamingConvention(CamelCaseNamingConvention.Instance)
            .Build()
            .Deserialize<FaultList>(File.ReadAllText(SharedData.InRepository($"tests/Mutations/{list}.yaml")));

    private sealed class FaultList
    {
        /// <summary>Folders of the test projects that must notice each fault.</summary>
        public List<string> Projects { get; set; } = [];

        /// <summary>Options of their runs, such as a filter.</summary>
        public List<string> Options { get; set; } = [];

        public List<Fault> Faults { get; set; } = [];
    }

    private sealed class Fault
    {
        public string Name { get; set; } = "";

        /// <summary>The source that it changes: <c>src/PROJECT/…</c>.</summary>
        public string File { get; set; } = "";

        /// <summary>Text that stands there once.</summary>
        public string Find { get; set; } = "";

        public string Replace { get; set; } = "";
    }
}
