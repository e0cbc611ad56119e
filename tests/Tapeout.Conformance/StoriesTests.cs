using System.Runtime.InteropServices;
using Tapeout.Compiler;
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

    public static TheoryData<string, string, string[], int, TensorParallelism, string?> Bindings()
    {
        TheoryData<string, string, string[], int, TensorParallelism, string?> data = [];
        foreach (string format in (string[])["int8", "int4", "ternary", "int8-g32", "int4-g32-min", "int4-g32-zero", "binary"])
        {
            foreach (string tiles in (string[])["1x1", "1x7", "4x4", "8x8"])
                data.Add(format, "ideal", [$"tiles={tiles}"], 1, TensorParallelism.Gather, null);
            data.Add(format, "ideal", ["tiles=4x4", "sram.capacity=256KiB"], 1, TensorParallelism.Gather, null);
            foreach (int chips in (int[])[2, 3, 4])
                data.Add(format, "ideal", ["tiles=2x2"], chips, TensorParallelism.Gather, null);
            foreach (int chips in (int[])[2, 4])
                data.Add(format, "ideal", ["tiles=2x2"], chips, TensorParallelism.Reduce, null);
            data.Add(format, "reference", [], 1, TensorParallelism.Gather, null);
            data.Add(format, "taalas-hc1-like", [], 1, TensorParallelism.Gather, null);
        }
        data.Add("int8", "groq-lpu-v1", [], 1, TensorParallelism.Gather, null);
        data.Add("int8-g32", "groq-lpu-v1", [], 1, TensorParallelism.Gather, null);
        data.Add("int8", "groq-lpu-v1", [], 3, TensorParallelism.Gather, null);
        data.Add("int8", "nvidia-h100-sxm", [], 1, TensorParallelism.Gather, null);
        data.Add("int8", "nvidia-h100-sxm", [], 2, TensorParallelism.Gather, null);
        data.Add("int8", "nvidia-h100-sxm", [], 2, TensorParallelism.Reduce, null);
        foreach (string kv in (string[])["f32", "int8"])
            data.Add("int8", "ideal", ["tiles=1x7"], 2, TensorParallelism.Gather, kv);
        return data;
    }

    [Theory]
    [MemberData(nameof(Bindings))]
    public void OneQuantisedModel_OneSetOfLogits(
        string format,
        string chip,
        string[] set,
        int chips,
        TensorParallelism parallelism,
        string? kv
    )
    {
        using Model model = ModelSource.Open("stories260k");
        string expected = Reference(model, format, kv);
        (float[][][] logits, _) = Runner.Run(
            model,
            new()
            {
                Chip = chip,
                Set = set,
                Format = format,
                KvFormat = kv,
                Chips = chips,
                Parallelism = parallelism,
            },
            [GoldenIds[..20]],
            0
        );
        Assert.Equal(expected, Runner.Hash(logits[0]));
    }

    [Theory]
    [InlineData(1, null, null)]
    [InlineData(5, null, null)]
    [InlineData(64, 3, null)]
    [InlineData(0, null, 1)]
    [InlineData(0, null, 2)]
    [InlineData(5, 9, 3)]
    public void Chunks_Pages_Orders_DoNotChangeABit(int chunk, int? scatter, int? order)
    {
        using Model model = ModelSource.Open("stories260k");
        foreach (string format in (string[])["int8", "int4"])
        {
            (float[][][] logits, _) = Runner.Run(
                model,
                new()
                {
                    Chip = "ideal",
                    Set = ["tiles=2x2"],
                    Format = format,
                    Chunk = chunk,
                    Scatter = scatter,
                    OrderSeed = order,
                },
                [GoldenIds[..20]],
                0
            );
            Assert.Equal(Reference(model, format, null), Runner.Hash(logits[0]));
        }
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

    private static string Reference(Model model, string format, string? kv) =>
        Runner.Hash(
            Runner
                .Run(
                    model,
                    new()
                    {
                        Format = format,
                        KvFormat = kv,
                        Set = ["tiles=1x1"],
                    },
                    [GoldenIds[..20]],
                    0
                )
                .Logits[0]
        );
}
