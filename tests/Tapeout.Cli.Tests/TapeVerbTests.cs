using System.Text.Json.Nodes;

namespace Tapeout.Cli.Tests;

/// <summary>compile, disasm, asm and vectors.</summary>
public sealed class TapeVerbTests
{
    [Theory]
    [InlineData("--chip", "ideal")]
    [InlineData("--chip", "reference", "--format", "f32", "--batch", "5")]
    [InlineData("--chip", "nvidia-h100-sxm")]
    [InlineData("--chip", "groq-lpu-v1", "--chips", "2")]
    [InlineData("--chip", "taalas-hc1-like", "--format", "int4")]
    [InlineData("--model", "llama-3.2-1b", "--context", "4096")]
    public void CompileDisasmAsm_GiveTheSameBytes(params string[] options)
    {
        using TemporaryFolder folder = new();
        Invocation compiled = Invocation.Good(["compile", "-o", folder["a.tape"], .. options]);
        Invocation.Good("disasm", folder["a.tape"], "-o", folder["a.asm"]);
        Assert.Equal(File.ReadAllText(folder["a.asm"]), Invocation.Good("disasm", folder["a.tape"]).Output);
        Invocation assembled = Invocation.Good("asm", folder["a.asm"], "-o", folder["b.tape"]);
        Assert.Equal(File.ReadAllBytes(folder["a.tape"]), File.ReadAllBytes(folder["b.tape"]));
        // Both name the program by its hash.
        string hash = compiled.Output.Split([' ', '\n']).First(word => word.Length == 64);
        Assert.Contains(hash, assembled.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void CompileJson_NamesTheProgramThatWasWritten()
    {
        using TemporaryFolder folder = new();
        JsonNode root = Invocation.Good("compile", "-o", folder["a.tape"], "--json").Json;
        byte[] tape = File.ReadAllBytes(folder["a.tape"]);
        Assert.Equal(tape.Length, (int)root["program"]!["bytes"]!);
        Assert.Equal(Convert.ToHexStringLower(tape.AsSpan()[^32..]), (string?)root["program"]!["hash"]);
        Assert.Equal(512, (int)root["envelope"]!["context"]!);
        Assert.True((long)root["placement"]!["sramBytesPerTile"]! > 0);
    }

    [Fact]
    public void Compile_Dump_PrintsTheStage()
    {
        foreach (string stage in (string[])["graph", "quantise", "partition", "tile", "schedule"])
            Assert.Contains("attn", Invocation.Good("compile", "--dump", stage).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Vectors_RepeatTheirHashes()
    {
        string[] vectors = ["vectors", "Once upon a time", "--instruction", "matmul", "--layer", "2", "--tile", "0"];
        Invocation first = Invocation.Good(vectors);
        Assert.Equal(first.Output, Invocation.Good(vectors).Output);
        JsonArray list = first.Json["vectors"]!.AsArray();
        Assert.NotEmpty(list);
        Assert.All(
            list,
            vector =>
            {
                Assert.Equal("MATMUL", (string?)vector!["mnemonic"]);
                Assert.Equal(2, (int)vector["layer"]!);
                Assert.Contains(vector["operands"]!.AsArray(), o => (string?)o!["direction"] == "operand");
                Assert.Contains(vector["operands"]!.AsArray(), o => (string?)o!["direction"] == "result");
            }
        );
    }

    [Fact]
    public void Vectors_AreThoseOfTheRun_WhateverTheTiles()
    {
        // The attended values of the last layer, put together over the heads of all tiles: not a bit depends on the grid.
        static string Values(string tiles)
        {
            JsonArray list = Invocation
                .Good("vectors", "Once", "-i", "attend", "--layer", "4", "--limit", "1000", "--values", "--set", $"tiles={tiles}")
                .Json["vectors"]!.AsArray();
            SortedDictionary<int, List<string>> byColumn = [];
            foreach (JsonNode? result in list.SelectMany(v => v!["operands"]!.AsArray()).Where(o => (string?)o!["direction"] == "result"))
            {
                int rows = (int)result!["rows"]!;
                int columns = (int)result["columns"]!;
                JsonArray values = result["values"]!.AsArray();
                for (int c = 0; c < columns; c++)
                    byColumn[(int)result["firstColumn"]! + c] = [.. Enumerable.Range(0, rows).Select(r => $"{values[r * columns + c]}")];
            }
            return string.Join('\n', byColumn.Select(p => $"{p.Key}: {string.Join(' ', p.Value)}"));
        }
        string one = Values("1x1");
        Assert.Equal(64, one.Split('\n').Length);
        Assert.Equal(one, Values("8x8"));
    }

    [Fact]
    public void Vectors_FileHoldsTheHashedBits()
    {
        using TemporaryFolder folder = new();
        JsonNode root = Invocation.Good("vectors", "Once upon a time", "-i", "quantise", "--limit", "3", "-o", folder["bits"]).Json;
        byte[] bits = File.ReadAllBytes(folder["bits"]);
        JsonNode[] operands = [.. root["vectors"]!.AsArray().SelectMany(v => v!["operands"]!.AsArray())!];
        Assert.Equal(bits.Length, operands.Sum(o => (int)o["bytes"]!));
        Assert.All(
            operands,
            o =>
            {
                Span<byte> part = bits.AsSpan((int)o["offset"]!, (int)o["bytes"]!);
                Assert.Equal((string?)o["sha256"], Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(part)));
            }
        );
        Assert.Equal(3, root["vectors"]!.AsArray().Count);
        Assert.True((int)root["omitted"]! > 0);
    }
}
