using System.Runtime.InteropServices;
using Tapeout.Models;
using Tapeout.Testing;

namespace Tapeout.Conformance;

public sealed class StoriesTests
{
    private static readonly int[] GoldenIds =
    [
        1,
        .. File.ReadAllText(SharedData.InRepository("tests/Golden/stories260k-greedy-ids.txt"))
            .Split((char[])[' ', '\n', ','], StringSplitOptions.RemoveEmptyEntries)
            .Select(int.Parse),
    ];

    [Fact]
    public void Float32_Greedy_IsTheGoldenText()
    {
        using Model model = ModelSource.Open("stories260k");
        int[] prompt = model.RequireTokenizer().Encode("Once upon a time", true, false);
        (_, int[][] tokens) = Runner.Run(model, new() { Context = 256 }, [prompt], 200);
        // The file begins with the space that the vocabulary puts before a text, and ends with two line breaks of its own.
        string text = model.Tokenizer!.Decode([.. prompt, .. tokens[0]], true);
        Assert.Equal(File.ReadAllText(SharedData.InRepository("tests/Golden/stories260k-greedy-200.txt")), $" {text}\n\n");
    }

    [Fact]
    public void Float32_LogitsOfTheFirst16Positions_AreTheGoldenOnes()
    {
        using Model model = ModelSource.Open("stories260k");
        float[] golden = MemoryMarshal
            .Cast<byte, float>(File.ReadAllBytes(SharedData.InRepository("tests/Golden/stories260k-logits-first16-f32.bin")))
            .ToArray();
        (float[][][] logits, _) = Runner.Run(model, new(), [GoldenIds[..16]], 0);
        Assert.Equal(16, logits[0].Length);
        float largest = golden.Max(Math.Abs);
        for (int i = 0; i < golden.Length; i++)
            Assert.True(
                Math.Abs(golden[i] - logits[0][i / 512][i % 512]) <= 2e-5f * largest,
                $"element {i}: {golden[i]} and {logits[0][i / 512][i % 512]}"
            );
    }

    private static readonly string HashFile = SharedData.InRepository("tests/Golden/logits.txt");

    private static readonly Dictionary<string, string> Hashes = File.ReadLines(HashFile)
        .Select(line => line.Split("  "))
        .ToDictionary(parts => parts[0], parts => parts[1]);

    public static TheoryData<string> VectorNames => [.. Vector.All.Select(v => v.Name)];

    /// <summary>The bits that the golden file has; TAPEOUT_FREEZE=1 writes it anew instead.</summary>
    [Theory]
    [MemberData(nameof(VectorNames))]
    public void Logits_AreTheFrozenOnes(string name)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("TAPEOUT_FREEZE") == "1", "the hashes are being written");
        Assert.True(Hashes.TryGetValue(name, out string? frozen), $"{HashFile} has no hash of '{name}': run with TAPEOUT_FREEZE=1");
        Assert.Equal(frozen, HashOf(Vector.All.Single(v => v.Name == name)));
    }

    public static TheoryData<string> FastNames => [.. Vector.All.Where(v => v.Setting.OrderSeed is null).Select(v => v.Name)];

    /// <summary>The fast machine merges the tiles of every tape and gives the same bits.</summary>
    [Theory]
    [MemberData(nameof(FastNames))]
    public void FastMachine_Logits_AreTheFrozenOnes(string name)
    {
        Vector vector = Vector.All.Single(v => v.Name == name);
        Assert.Equal(Hashes[name], HashOf(vector with { Setting = vector.Setting with { Fast = true } }));
    }

    /// <summary>Tiles, SRAM, chips, chunks, neighbours and orders have no say: one hash for all vectors of a quantised model.</summary>
    [Fact]
    public void OneQuantisedModel_OneSetOfLogits()
    {
        if (Environment.GetEnvironmentVariable("TAPEOUT_FREEZE") == "1")
            File.WriteAllLines(HashFile, Vector.All.Select(v => $"{v.Name}  {HashOf(v)}"));
        Dictionary<string, string> frozen = File.ReadLines(HashFile).Select(l => l.Split("  ")).ToDictionary(p => p[0], p => p[1]);
        Assert.Equal(Vector.All.Select(v => v.Name).Order(), frozen.Keys.Order());
        foreach (IGrouping<string, Vector> model in Vector.All.GroupBy(v => v.Model))
            Assert.Single(model.Select(v => frozen[v.Name]).Distinct());
        Assert.Equal(Vector.All.Select(v => v.Model).Distinct().Count(), frozen.Values.Distinct().Count());
    }

    private static string HashOf(Vector vector)
    {
        using Model model = ModelSource.Open("stories260k");
        int[][] prompts = vector.InBatch
            ? [GoldenIds[..20], GoldenIds[..3], GoldenIds[..77], GoldenIds[..1], GoldenIds[..40]]
            : [GoldenIds[..20]];
        Runner.Setting setting = vector.InBatch ? vector.Setting with { Sequences = 5, Scatter = 4 } : vector.Setting;
        return Runner.Hash(Runner.Run(model, setting, prompts, 0).Logits[0]);
    }

    [Fact]
    public void RaggedBatchOfFive_SameLogitsAsAlone()
    {
        using Model model = ModelSource.Open("stories260k");
        int[][] prompts = [GoldenIds[..20], GoldenIds[..3], GoldenIds[..77], GoldenIds[..1], GoldenIds[..40]];
        Runner.Setting setting = new()
        {
            Chip = "ideal",
            Set = ["tiles=2x2"],
            Format = "int8",
        };
        (float[][][] together, _) = Runner.Run(model, setting with { Sequences = 5, Scatter = 4 }, prompts, 3);
        for (int i = 0; i < prompts.Length; i++)
        {
            (float[][][] alone, _) = Runner.Run(model, setting, [prompts[i]], 3);
            Assert.Equal(Runner.Hash(alone[0]), Runner.Hash(together[i]));
        }
    }
}
