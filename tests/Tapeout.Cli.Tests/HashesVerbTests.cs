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

    /// <summary>The same over real models and every format: half an hour and more.</summary>
    [Theory]
    [MemberData(nameof(Hosts))]
    public void Hashes_OfLargerModels_OnAnyHost_AreTheReferenceMachines(string switches, int mostBits)
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("TAPEOUT_SLOW") == "2",
            "hashes a model of 135 million parameters in eight formats over and over; set TAPEOUT_SLOW=2"
        );
        string[] models =
        [
            "stories260k",
            SharedData.PathOf("models/conformance/mistral/model.gguf"),
            SharedData.PathOf("models/conformance/mixtral/model.gguf"),
            SharedData.PathOf("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"),
        ];
        string[] common = ["hashes", "-m", .. models, "--set", "sram.capacity=128MiB", "--prompt-tokens", "80", "-n", "8", "--json"];
        string[] sweep = ["--batch", "1", "2", "3", "8", "--chunk", "1", "7", "64", "512", "--threads", "1", "2"];
        // Emulated vectors are some fifty times slower.
        if (mostBits == 0)
            sweep = ["--batch", "1", "3", "--chunk", "64", "--threads", "2"];
        foreach (string format in Formats)
        {
            JsonNode reference = Invocation.Good([.. common, "-f", format, "--machine", "reference"]).Json;
            Assert.Equal(Sums(reference), Sums(InProcess(switches, [.. common, "-f", format, .. sweep])));
            foreach (JsonNode? row in reference["hashes"]!.AsArray())
                TestContext.Current.TestOutputHelper!.WriteLine($"{row!["sha256"]} {row["model"]} {row["format"]}");
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
