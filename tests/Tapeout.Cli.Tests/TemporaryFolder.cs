namespace Tapeout.Cli.Tests;

/// <summary>A folder that is removed with all that is in it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("tapeout-cli-").FullName;

    public string this[string name] => Path.Combine(_path, name);

    /// <summary>Names, lengths and times of all that is there.</summary>
    public string[] Content =>
        [
            .. Directory
                .EnumerateFileSystemEntries(_path, "*", SearchOption.AllDirectories)
                .Select(f => $"{f} {(File.Exists(f) ? new FileInfo(f).Length : 0)} {File.GetLastWriteTimeUtc(f):O}")
                .Order(StringComparer.Ordinal),
        ];

    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public void Dispose() => Directory.Delete(_path, true);
}
