using System.Diagnostics;
using Tapeout.Testing;

namespace Tapeout.Conventions;

/// <summary>A copy of the sources in a temporary folder, to be changed and built.</summary>
internal sealed class SourceCopy : IDisposable
{
    private static readonly string[] Folders = ["src", "catalog", "models", "tools", "tests", "docs"];
    private readonly string _root = Directory.CreateTempSubdirectory("tapeout-sources-").FullName;

    public SourceCopy()
    {
        string source = SharedData.Repository;
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

    /// <summary>Runs the SDK and expects an exit code.</summary>
    public string Dotnet(int code, params string[] arguments) => Run(code, "dotnet", arguments);

    /// <summary>Runs a program in the copy and expects an exit code.</summary>
    /// <returns>What it printed, errors last.</returns>
    public string Run(int code, string program, params string[] arguments)
    {
        (int? exit, string text) = Try(program, Timeout.InfiniteTimeSpan, arguments);
        Assert.True(exit == code, $"{program} {string.Join(' ', arguments)} ended with {exit}:\n{text}");
        return text;
    }

    /// <summary>Runs a program in the copy; without an exit code it was still running at the limit and was ended.</summary>
    public (int? Code, string Text) Try(string program, TimeSpan limit, params string[] arguments)
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
        // Otherwise the copy's tests would skip whatever needs the reference data.
        start.Environment["TAPEOUT_SHARED"] = SharedData.Root;
        start.Environment["GIT_CEILING_DIRECTORIES"] = Path.GetDirectoryName(_root);
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        bool ended = process.WaitForExit(limit);
        if (!ended)
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return (ended ? process.ExitCode : null, output.Result + errors.Result);
    }

    public void Dispose() => Directory.Delete(_root, true);
}
