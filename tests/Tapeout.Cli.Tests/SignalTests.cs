using System.Diagnostics;

namespace Tapeout.Cli.Tests;

/// <summary>Ctrl-C, which only a process of its own can be sent.</summary>
public sealed class SignalTests
{
    [Fact]
    public async Task CtrlC_EndsARunCleanly_WithItsReport()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows has no command that sends Ctrl-C to a process");
        if (OperatingSystem.IsLinux() && IgnoresInterrupts())
            Assert.Skip("these tests were started with SIGINT ignored, as a shell starts its background jobs");
        using TemporaryFolder folder = new();
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (
            string argument in (string[])
                [
                    Path.Combine(AppContext.BaseDirectory, "Tapeout.Cli.dll"),
                    "run",
                    "Once",
                    "--max-tokens",
                    "500",
                    "--ignore-eos",
                    // Slow enough not to end before the signal comes.
                    "--machine",
                    "reference",
                    "--logits",
                    folder["l"],
                ]
        )
        {
            start.ArgumentList.Add(argument);
        }
        using Process process = Process.Start(start)!;
        char[] first = new char[8];
        await process.StandardOutput.ReadBlockAsync(first, TestContext.Current.CancellationToken);
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, process.ExitCode);
        Assert.Equal("", errors);
        Assert.Contains("predicted (ideal", output, StringComparison.Ordinal);
        Assert.Empty(folder.Content);
    }

    /// <summary>What a process ignores its children ignore too.</summary>
    private static bool IgnoresInterrupts()
    {
        string mask = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[7..].Trim();
        return (Convert.ToUInt64(mask, 16) & 1UL << (2 - 1)) != 0;
    }
}
