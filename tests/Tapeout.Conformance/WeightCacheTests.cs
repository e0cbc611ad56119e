using Tapeout.Compiler;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Sessions;
using Tapeout.Models;

namespace Tapeout.Conformance;

/// <summary>Packed weights kept in a folder: the same bits from the model and from the folder, whatever has happened to it.</summary>
public sealed class WeightCacheTests : IDisposable
{
    private static readonly int[] Prompt = [1, 403, 407, 261, 378];

    private readonly string _folder = Directory.CreateTempSubdirectory("tapeout-cache-").FullName;
    private readonly Model _model = ModelSource.Open("stories260k");

    public void Dispose()
    {
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("f32", 1)]
    [InlineData("f16", 1)]
    [InlineData("int8-row", 2)]
    [InlineData("int4", 1)]
    [InlineData("ternary", 1)]
    public void SecondStart_ReadsTheSameBits(string format, int chips)
    {
        Runner.Setting setting = new() { Format = format, Chips = chips };
        (string first, string note) = Run(setting, _folder);
        (string second, string none) = Run(setting, _folder);
        Assert.Equal(Run(setting, null).Logits, first);
        Assert.Equal(first, second);
        Assert.Contains("are kept in", note, StringComparison.Ordinal);
        Assert.Empty(none);
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void OtherFormats_HaveFilesOfTheirOwn()
    {
        foreach (string format in (string[])["int8-row", "int8-g32", "int8-row"])
            Assert.Equal(Run(new() { Format = format }, null).Logits, Run(new() { Format = format }, _folder).Logits);
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    /// <summary>A bit anywhere: in the table, in codes, scales, or a tensor that GATHER reads. Bits of the gaps between entries change nothing.</summary>
    [Fact]
    public void DamagedFile_IsNoticedAndWrittenAnew()
    {
        Runner.Setting setting = new() { Format = "int8-g32" };
        string expected = Run(setting, _folder).Logits;
        string file = Directory.GetFiles(_folder).Single();
        byte[] whole = File.ReadAllBytes(file);
        int noticed = 0;
        for (int at = 3; at < whole.Length; at += whole.Length / 23)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x10;
            File.WriteAllBytes(file, damaged);
            (string logits, string note) = Run(setting, _folder);
            Assert.Equal(expected, logits);
            if (note.Length == 0)
                continue;
            noticed++;
            Assert.Contains("packed anew", note, StringComparison.Ordinal);
            Assert.Equal(whole, File.ReadAllBytes(file));
        }
        Assert.True(noticed >= 12, $"{noticed} damages were noticed");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(700)]
    [InlineData(100_000)]
    public void FileCutShort_IsNoticedAndWrittenAnew(int length)
    {
        Runner.Setting setting = new() { Format = "int8-row" };
        string expected = Run(setting, _folder).Logits;
        string file = Directory.GetFiles(_folder).Single();
        byte[] whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, whole[..length]);
        (string logits, string note) = Run(setting, _folder);
        Assert.Equal(expected, logits);
        Assert.Contains("packed anew", note, StringComparison.Ordinal);
        Assert.Equal(whole, File.ReadAllBytes(file));
    }

    [Fact]
    public void FolderThatCannotBe_CostsTimeOnly()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        (string logits, string note) = Run(new() { Format = "int8-row" }, Path.Combine(file, "folder"));
        Assert.Equal(Run(new() { Format = "int8-row" }, null).Logits, logits);
        Assert.Contains("cannot be kept", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartsTogether_LeaveOneWholeFile()
    {
        Runner.Setting setting = new() { Format = "int8-row" };
        string expected = Run(setting, null).Logits;
        (string Logits, string Note)[] runs = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Run(setting, _folder))));
        Assert.All(runs, run => Assert.Equal(expected, run.Logits));
        Assert.Single(Directory.GetFiles(_folder));
        Assert.Equal((expected, ""), Run(setting, _folder));
    }

    [Fact]
    public void FilesNeverFinished_AreSweptAwayLater()
    {
        string old = Path.Combine(_folder, "00.weights.11.partial");
        string young = Path.Combine(_folder, "00.weights.22.partial");
        File.WriteAllText(old, "");
        File.WriteAllText(young, "");
        File.SetLastWriteTimeUtc(old, File.GetLastWriteTimeUtc(young).AddHours(-2));
        Run(new() { Format = "int8-row" }, _folder);
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
    }

    private (string Logits, string Note) Run(Runner.Setting setting, string? folder)
    {
        CompilationResult result = Runner.Compile(_model, setting);
        using FastMachine machine = new(result.Tape, result.Constants!, 2, folder);
        Session session = new(machine);
        List<float[]> logits = [];
        session.LogitsReady = row => logits.Add(row.Values.ToArray());
        session.Add(
            new()
            {
                Prompt = [.. Prompt],
                MaxTokens = 3,
                IgnoreEndOfText = true,
                LogitsAtEveryPosition = true,
            }
        );
        Assert.Equal(3, session.Run(TestContext.Current.CancellationToken).Count());
        return (Runner.Hash([.. logits]), machine.CacheNote);
    }
}
