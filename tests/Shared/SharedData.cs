namespace Tapeout.Testing;

/// <summary>Finds the repository's own files and the reference data beside it (goldens too large for the repository).</summary>
internal static class SharedData
{
    /// <summary>The root of the checkout.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder of the reference data, whether it is there or not: <c>../shared</c>, or what TAPEOUT_SHARED names.</summary>
    public static string Root =>
        Path.GetFullPath(Environment.GetEnvironmentVariable("TAPEOUT_SHARED") ?? Path.Combine(Repository, "..", "shared"));

    /// <summary>The full path of a file of the repository.</summary>
    public static string InRepository(string relative) => Path.Combine(Repository, relative);

    /// <summary>The full path of a file under <see cref="Root"/>. Where it is missing the test is skipped and says so.</summary>
    public static string PathOf(string relative)
    {
        string path = Path.GetFullPath(Path.Combine(Root, relative));
        if (!File.Exists(path) && !Directory.Exists(path))
            Assert.Skip($"needs shared/{relative}, which is not beside this checkout");
        return path;
    }

    private static string FindRepository()
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "Tapeout.slnx")))
                return d.FullName;
        }
        throw new InvalidOperationException("The tests run from inside a checkout of Tapeout.");
    }
}
