using System.Diagnostics;
using System.Text.Json.Nodes;
using Tapeout.Testing;

namespace Tapeout.Cli.Tests;

/// <summary>One SHA-256 of all logits per model and format, whatever the machine, the host's vectors, threads, batches and chunks.</summary>
public sealed class HashesVerbTests
{
    private static readonly string[] Formats = ["f32", "f16", "bf16", "int8", "int4", "ternary", "binary", "native"];

    /// <summary>Switches of the runtime; the widest vectors that are left; AVX-512 has another name in older runtimes.</summary>
    public static TheoryData<string, int> Hosts { get; } =
        new()
        {
            { "", 512 },
            { "TAPEOUT_MACHINE_CODE", 512 },
            { "DOTNET_EnableAVX512,DOTNET_EnableAVX512F", 256 },
            { "DOTNET_EnableAVX2", 128 },
            { "DOTNET_EnableHWIntrinsic", 0 },
        };

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Hashes_OnAnyHost_AreTheReferenceMachines(string switches, int mostBits)
    {
        string[] common = ["hashes", "-f", "f32", "int8", "int4-g32-zero", "ternary", "--prompt-tokens", "12", "-n", "3", "--json"];
        JsonNode reference = Invocation.Good([.. common, "--machine", "reference"]).Json;
        JsonNode found = InProcess(switches, [.. common, "--batch", "1", "3", "--chunk", "1", "7", "--threads", "1", "2"]);
        Assert.True(
            found["host"]!["vectorBits"]!.GetValue<int>() <= mostBits,
            $"{switches}=0 leaves vectors of {found["host"]!["vectorBits"]} bits"
        );
        Assert.False(switches.Length > 0 && found["host"]!["machineCode"]!.GetValue<bool>(), $"{switches}=0 leaves machine code");
        Assert.All(found["hashes"]!.AsArray(), row => Assert.Equal(8, row!["runs"]!.GetValue<int>()));
        Assert.Equal(Sums(reference), Sums(found));
        Assert.Equal(4, Sums(found).Distinct().Count());
    }

    /// <summary>
    /// The same over real models and every format: SmolLM2 and the embedded model with 64 tokens behind every golden prompt, two conformance
    /// models with 64 behind 80 tokens from all over their vocabularies; first in lock-step with the definition, then each other number of threads,
    /// batch and chunk. About an hour of two processors.
    /// </summary>
    [Theory]
    [MemberData(nameof(Hosts))]
    public void Hashes_OfLargerModels_OnAnyHost_AreTheReferenceMachines(string switches, int mostBits)
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("TAPEOUT_SLOW") == "2",
            "hashes a model of 135 million parameters in eight formats over and over; set TAPEOUT_SLOW=2"
        );
        string[] spread = ["--prompt-tokens", "80"];
        (string Model, string[] Prompts)[] models =
        [
            ("stories260k", ["--prompts", SharedData.PathOf("models/stories260k/prompts-golden.json")]),
            (SharedData.PathOf("models/conformance/mistral/model.gguf"), spread),
            (SharedData.PathOf("models/conformance/mixtral/model.gguf"), spread),
            (
                SharedData.PathOf("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"),
                ["--prompts", SharedData.PathOf("models/smollm2-135m-instruct/golden/golden.json")]
            ),
        ];
        // The host with all its instructions compares with the definition too; emulated vectors are some fifty times slower.
        string[] machines = switches.Length == 0 ? ["fast", "both"] : ["fast"];
        string[] sweep =
            mostBits == 0
                ? ["--threads", "2", "--batch", "1", "--chunk", "64"]
                : ["--threads", "2", "1", "--batch", "1", "2", "3", "8", "--chunk", "64", "1", "7", "512"];
        foreach ((string model, string[] prompts) in models)
        {
            string[] made =
                mostBits == 0 && model.Contains("SmolLM2", StringComparison.Ordinal)
                    ? ["The capital", "-n", "4"]
                    : [.. prompts, "-n", "64"];
            foreach (string format in Formats)
            {
                string[] common = ["hashes", "-m", model, .. made, "-f", format, "--set", "sram.capacity=128MiB", "--json"];
                string[] sums = Sums(InProcess(switches, [.. common, "--vary", "one", "--machine", .. machines, .. sweep]));
                if (switches.Length > 0)
                    Assert.Equal(Sums(InProcess("", [.. common, "--machine", "fast", "--chunk", "64"])), sums);
                TestContext.Current.TestOutputHelper!.WriteLine($"{sums[0]} {model} {format}");
            }
        }
    }

    /// <summary>Several prompts in one run: each begins with an empty cache, and the order counts.</summary>
    [Fact]
    public void Hashes_SeveralPrompts_OneSumOverAll()
    {
        string lines = Path.GetTempFileName();
        string json = Path.GetTempFileName();
        try
        {
            string[] Sum(params string[] more) => Sums(Invocation.Good(["hashes", .. more, "-n", "2", "--json", "-f", "int8"]).Json);
            File.WriteAllText(lines, "Once upon a time\nThe cat\n");
            File.WriteAllText(json, """{"prompts": [{"text": "Once upon a time", "ids": [1]}, "The cat"]}""");
            string sum = Assert.Single(Sum("--prompts", lines, "--batch", "1", "3", "--chunk", "2", "64"));
            Assert.Equal(sum, Sum("--prompts", json)[0]);
            File.WriteAllText(lines, "The cat\r\nOnce upon a time");
            Assert.NotEqual(sum, Sum("--prompts", lines)[0]);
            File.WriteAllText(lines, "Once upon a time");
            Assert.Equal(Sum("Once upon a time")[0], Sum("--prompts", lines)[0]);
        }
        finally
        {
            File.Delete(lines);
            File.Delete(json);
        }
    }

    /// <summary>All combinations, or the first setting and every other value alone.</summary>
    [Theory]
    [InlineData("all", 2 * 3 * 2)]
    [InlineData("one", 1 + 1 + 2 + 1)]
    public void Hashes_Vary_CountsRuns(string vary, int runs)
    {
        JsonNode found = Invocation
            .Good(
                "hashes",
                "Once",
                "-n",
                "1",
                "-f",
                "int8",
                "--threads",
                "1",
                "2",
                "--batch",
                "1",
                "2",
                "3",
                "--chunk",
                "64",
                "1",
                "--vary",
                vary,
                "--json"
            )
            .Json;
        Assert.Equal(runs, found["hashes"]![0]!["runs"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("", "holds no prompt")]
    [InlineData("[\"a\", 7]", "prompt 1 is neither")]
    [InlineData("[\"\"]", "prompt 0 is neither")]
    [InlineData("{\"prompt\": \"a\"}", "no array of prompts")]
    [InlineData("[\"a\"", "begins as JSON but is none")]
    public void Hashes_BadPromptFile_Refused(string content, string expected)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, content);
            Invocation refused = Invocation.Of("hashes", "--prompts", file);
            Assert.Equal(2, refused.Code);
            Assert.Contains(expected, refused.Errors, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Hashes_ModelThatIsNone_PrintsNothingBesideTheError()
    {
        string file = Path.GetTempFileName();
        try
        {
            Invocation refused = Invocation.Of("hashes", "--model", file);
            Assert.Equal(2, refused.Code);
            Assert.Empty(refused.Output);
            Assert.Contains(file, refused.Errors, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Hashes_OtherPromptOrFormat_OtherSum()
    {
        string[] Sum(params string[] more) => Sums(Invocation.Good(["hashes", .. more, "-n", "1", "--json", "-f", "int8"]).Json);
        string[] sums =
        [
            .. Sum("Once upon a time"),
            .. Sum("Once upon a day"),
            .. Sum("--prompt-tokens", "5"),
            .. Sum("--kv-format", "int8"),
        ];
        Assert.Equal(4, sums.Distinct().Count());
        Assert.Equal(sums[0], Sum("Once upon a time", "--batch", "8", "--chunk", "512", "--set", "sram.capacity=16MiB")[0]);
    }

    [Fact]
    public void Hashes_BadInput_AllOfItRefused()
    {
        Invocation refused = Invocation.Of("hashes", "--machine", "quick", "--batch", "0", "--format", "int7");
        Assert.Equal(2, refused.Code);
        Assert.Contains("'quick'", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("--batch is 0", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("'int7'", refused.Errors, StringComparison.Ordinal);
    }

    private static string[] Sums(JsonNode json)
    {
        Assert.All(json["hashes"]!.AsArray(), row => Assert.Empty(row!["differences"]!.AsArray()));
        return [.. json["hashes"]!.AsArray().Select(row => row!["sha256"]!.GetValue<string>())];
    }

    private static JsonNode InProcess(string switches, string[] arguments)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Tapeout.Cli.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (string name in switches.Split(',', StringSplitOptions.RemoveEmptyEntries))
            start.Environment[name] = "0";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"ended with {process.ExitCode} under {switches}=0: {text}{errors.Result}");
        return JsonNode.Parse(text)!;
    }
}
