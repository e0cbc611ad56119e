using System.Diagnostics;
using System.Globalization;

namespace Tapeout.Numerics.Tests.Kernels;

/// <summary>The kernels' tests again in processes that may not use parts of the host's instruction set.</summary>
public sealed class InstructionSetTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVXVNNI")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public void Kernels_WithPartsOfTheHostSwitchedOff_SameBits(string part)
    {
        if (Environment.GetEnvironmentVariable("TAPEOUT_SLOW") is not ("1" or "2"))
            Assert.Skip("runs the kernels' tests once more; set TAPEOUT_SLOW=1");
        ProcessStartInfo start = new(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "--filter-namespace",
                "Tapeout.Numerics.Tests.Kernels",
                "--filter-not-class",
                $"*.{nameof(InstructionSetTests)}",
                "--no-ansi",
                "--progress",
                "off",
            },
        };
        // 'dotnet test' may host the tests in the dotnet program: then it needs the tests' own name first.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Insert(0, typeof(InstructionSetTests).Assembly.Location);
        start.Environment[part] = "0";
        using Process process = Process.Start(start)!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, string.Create(CultureInfo.InvariantCulture, $"{part}=0 ended with {process.ExitCode}:\n{text}"));
        Assert.DoesNotContain("total: 0", text, StringComparison.Ordinal);
    }
}
