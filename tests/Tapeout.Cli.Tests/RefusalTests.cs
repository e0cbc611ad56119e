namespace Tapeout.Cli.Tests;

/// <summary>Bad input is told in one clear sentence per problem that names what is wrong, with exit code 2, and leaves nothing behind.</summary>
public sealed class RefusalTests : IClassFixture<RefusalTests.Inputs>
{
    /// <summary>Arguments (<c>@name</c> stands for a file of <see cref="BadInputs"/>) and what the sentence must say.</summary>
    private static readonly Dictionary<string, (string[] Arguments, string[] Says)> Cases = new()
    {
        ["no verb"] = ([], ["command", "tapeout --help"]),
        ["unknown verb"] = (["rum", "x"], ["'rum'", "did you mean 'run'"]),
        ["unknown verb of a verb"] = (["chips", "shwo", "ideal"], ["'shwo'", "did you mean 'show'", "tapeout chips --help"]),
        ["unknown flag"] = (["run", "x", "--temprature", "1"], ["'--temprature'", "did you mean '--temperature'"]),
        ["missing argument"] = (["run"], ["'prompt'"]),
        ["argument too many"] = (["run", "x", "y"], ["'y'"]),
        ["value missing"] = (["run", "x", "--chip"], ["--chip"]),
        ["empty prompt"] = (["run", ""], ["prompt is empty"]),
        ["negative temperature"] = (["run", "x", "--temperature", "-1"], ["--temperature is -1", "0 to 100"]),
        ["temperature in words"] = (["run", "x", "--temperature", "hot"], ["--temperature", "'hot'", "a number"]),
        ["temperature NaN"] = (["run", "x", "--temperature", "nan"], ["--temperature is NaN"]),
        ["top-p above 1"] = (["run", "x", "--top-p", "1.5"], ["--top-p is 1.5"]),
        ["top-p of 0"] = (["run", "x", "--top-p", "0"], ["--top-p is 0"]),
        ["negative top-k"] = (["run", "x", "--top-k", "-1"], ["--top-k is -1"]),
        ["negative seed"] = (["run", "x", "--seed", "-1"], ["--seed", "'-1'", "whole number"]),
        ["zero tokens"] = (["run", "x", "--max-tokens", "0"], ["--max-tokens is 0"]),
        ["tokens beyond counting"] = (["run", "x", "--max-tokens", "99999999999"], ["--max-tokens", "99999999999"]),
        ["half a token"] = (["run", "x", "--max-tokens", "1.5"], ["--max-tokens", "'1.5'"]),
        ["unknown parallelism"] = (["run", "x", "--parallel", "both"], ["--parallel", "'both'", "gather or reduce"]),
        ["parallelism as a number"] = (["run", "x", "--parallel", "7"], ["--parallel", "'7'"]),
        ["no chips"] = (["run", "x", "--chips", "0"], ["0 chips"]),
        ["chips beyond reason"] = (["run", "x", "--chips", "5000"], ["5000 chips", "1 to 1024"]),
        ["prompt longer than context"] = (["run", "Once upon a time", "--context", "2"], ["5 tokens", "context is 2"]),
        ["negative context"] = (["run", "x", "--context", "-1"], ["context of -1"]),
        ["context beyond counting"] = (["run", "x", "--context", "100000000"], ["100000000"]),
        ["unknown format"] = (["run", "x", "--format", "int7"], ["'int7'", "int8"]),
        ["unknown cache format"] = (["run", "x", "--kv-format", "int7"], ["'int7'", "KV cache"]),
        ["format the chip lacks"] = (["run", "x", "--format", "f32"], ["'ideal'", "f32", "'blk.0.attn_q.weight'"]),
        ["unknown chip"] = (["run", "x", "--chip", "idael"], ["'idael'", "did you mean 'ideal'"]),
        ["folder as chip"] = (["run", "x", "--chip", "@folder"], ["folder"]),
        ["missing chip file"] = (["run", "x", "--chip", "@none.yaml"], ["none.yaml", "does not exist"]),
        ["YAML syntax"] = (["chips", "show", "@syntax.yaml"], ["syntax.yaml:2:", "YAML"]),
        ["wrong unit"] = (["chips", "show", "@unit.yaml"], ["unit.yaml:3:8", "clock", "'3GB'"]),
        ["no unit"] = (["chips", "show", "@bare.yaml"], ["bare.yaml:3:8", "'3' has no unit"]),
        ["unknown key"] = (["chips", "show", "@key.yaml"], ["key.yaml:3:1", "'clok'", "did you mean 'clock'"]),
        ["cyclic extends"] = (["chips", "show", "@cycle-a.yaml"], ["circle", "cycle-a.yaml", "cycle-b.yaml"]),
        ["extends nothing"] = (["chips", "show", "@base.yaml"], ["base.yaml:1:10", "'nothing'"]),
        ["empty chip"] = (["chips", "show", "@empty.yaml"], ["empty.yaml", "empty"]),
        ["set without unit"] = (["run", "x", "--set", "clock=3"], ["--set clock=3", "no unit"]),
        ["set unknown field"] = (["run", "x", "--set", "clok=1GHz"], ["'clok'", "did you mean 'clock'"]),
        ["set without path"] = (["run", "x", "--set", "nonsense"], ["nonsense", "path=value"]),
        ["chip too small"] = (["run", "x", "--set", "sram.capacity=1KiB"], ["stories260k", "1 KiB", "SRAM per tile"]),
        ["unknown model"] = (["run", "x", "--model", "lama-3.1-8b"], ["'lama-3.1-8b'", "did you mean 'llama-3.1-8b'"]),
        ["missing model file"] = (["run", "x", "--model", "@none.gguf"], ["none.gguf", "does not exist"]),
        ["shape without weights"] = (["run", "x", "--model", "llama-3.1-8b"], ["llama-3.1-8b", "shape"]),
        ["folder as model"] = (["run", "x", "--model", "@folder"], ["is a folder"]),
        ["empty model file"] = (["run", "x", "--model", "@empty.gguf"], ["empty.gguf", "empty"]),
        ["not a GGUF"] = (["inspect", "@text.gguf"], ["text.gguf", "not a GGUF file"]),
        ["truncated model"] = (["run", "x", "--model", "@truncated.gguf"], ["truncated.gguf", "'blk.2.ffn_gate.weight'", "cut short"]),
        ["header only"] = (["inspect", "@header.gguf"], ["header.gguf", "the number of tensors is 48"]),
        ["hostile number of tensors"] = (["inspect", "@many-tensors.gguf"], ["many-tensors.gguf", "4611686018427387904"]),
        ["hostile key length"] = (["inspect", "@long-key.gguf"], ["long-key.gguf", "9223372036854775807"]),
        ["GGUF of the future"] = (["inspect", "@version.gguf"], ["version.gguf", "version 9"]),
        ["unknown architecture"] = (["inspect", "@architecture.gguf"], ["architecture.gguf", "'lmama'", "llama"]),
        ["NaN weight"] = (["run", "x", "--model", "@nan.gguf"], ["'blk.4.ffn_norm.weight'", "NaN", "column 63"]),
        ["infinite weight"] = (["run", "x", "--model", "@infinite.gguf"], ["'blk.4.ffn_norm.weight'", "Infinity"]),
        ["override without type"] = (["run", "x", "--override-kv", "nonsense"], ["'nonsense'", "KEY=TYPE:VALUE"]),
        ["override with a wrong value"] = (["run", "x", "--override-kv", "llama.context_length=int:abc"], ["'abc'", "whole number"]),
        ["override of a shape"] = (["simulate", "--model", "llama-3.1-8b", "--override-kv", "a=int:1"], ["llama-3.1-8b", "override"]),
        ["unwritable logits"] = (["run", "x", "--logits", "@none/logits"], ["none/logits", "no folder"]),
        ["folder as output"] = (["run", "x", "--logits", "@folder"], ["folder"]),
        ["refusal after the output is open"] = (
            ["run", "x", "--logits", "@logits", "--chip", "taalas-hc1-like", "--format", "f32"],
            ["f32"]
        ),
        ["NaN weight with the output open"] = (["run", "x", "--logits", "@logits", "--model", "@nan.gguf"], ["NaN"]),
        ["absurd batch"] = (["simulate", "--batch", "100000"], ["100000", "SRAM per tile"]),
        ["no batch"] = (["simulate", "--batch", "0"], ["--batch is 0"]),
        ["load longer than the context"] = (["simulate", "--prompt-tokens", "100000"], ["100000", "context of 512"]),
        ["timeline in a format that is not drawn"] = (["simulate", "--timeline", "step.gif"], ["step.gif", ".svg or .png"]),
        ["model too large"] = (
            ["simulate", "--model", "llama-3.1-405b", "--chip", "groq-lpu-v1"],
            ["llama-3.1-405b", "'groq-lpu-v1'", "--chips"]
        ),
        ["model the compiler lacks"] = (["simulate", "--model", "deepseek-v3"], ["'deepseek-v3'", "MLA"]),
        ["unknown stage"] = (["compile", "--dump", "grahp"], ["'grahp'", "did you mean 'graph'"]),
        ["stage as JSON"] = (["compile", "--dump", "graph", "--json"], ["--json"]),
        ["unwritable tape"] = (["compile", "-o", "@none/a.tape"], ["none/a.tape", "no folder"]),
        ["tape of a model too large"] = (
            ["compile", "--model", "llama-3.1-70b", "--step-tokens", "64", "-o", "@new.tape"],
            ["llama-3.1-70b", "SRAM per tile"]
        ),
        ["listing as tape"] = (["disasm", "@good.asm"], ["good.asm", "not a tape"]),
        ["cut tape"] = (["disasm", "@cut.tape"], ["cut.tape", "damaged"]),
        ["damaged tape"] = (["disasm", "@damaged.tape"], ["damaged.tape", "hash"]),
        ["missing tape"] = (["disasm", "@none.tape"], ["none.tape"]),
        ["folder as tape"] = (["disasm", "@folder"], ["is a folder"]),
        ["listing to an unwritable path"] = (["disasm", "@good.tape", "-o", "@none/a.asm"], ["none/a.asm"]),
        ["empty listing"] = (["asm", "@empty.asm", "-o", "@new.tape"], ["empty.asm", ".tape"]),
        ["binary listing"] = (["asm", "@binary.asm", "-o", "@new.tape"], ["binary.asm", "UTF-8"]),
        ["misspelt field"] = (["asm", "@field.asm", "-o", "@new.tape"], ["field.asm:4:1", "'name'"]),
        ["asm without output"] = (["asm", "@good.asm"], ["--output"]),
        ["listing that breaks a rule"] = (["asm", "@rule.asm", "-o", "@new.tape"], ["breaks a rule", "ranks"]),
        ["unknown instruction"] = (["vectors", "x", "-i", "MATMULL"], ["'MATMULL'", "did you mean 'MATMUL'"]),
        ["instruction that is not there"] = (["vectors", "x", "-i", "9999", "-n", "1"], ["9999", "'decoder'"]),
        ["vectors of an unknown role"] = (
            ["vectors", "x", "-i", "matmul", "--role", "encoder", "-o", "@new.bin"],
            ["encoder", "'decoder'"]
        ),
        ["no vectors"] = (["vectors", "x", "-i", "matmul", "--limit", "0"], ["--limit is 0"]),
        ["chat without a template"] = (["chat"], ["stories260k", "chat template", "--template"]),
        ["unknown template"] = (["chat", "--template", "chatlm"], ["'chatlm'", "did you mean 'chatml'"]),
        ["unknown shape"] = (["models", "show", "gpt3"], ["'gpt3'", "did you mean 'gpt2'"]),
    };

    private readonly BadInputs _inputs;

    public RefusalTests(Inputs inputs) => _inputs = inputs.Files;

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void BadInput_OneSentence_ExitCode2_NothingLeft(string name)
    {
        (string[] arguments, string[] says) = Cases[name];
        string[] before = _inputs.Content;
        Invocation made = Invocation.Of([.. arguments.Select(a => a.StartsWith('@') ? _inputs[a[1..]] : a)]);
        Assert.Equal(2, made.Code);
        Assert.Equal("", made.Output);
        string sentence = Assert.Single(made.ErrorLines);
        CheckSentence(sentence);
        Assert.All(says, part => Assert.Contains(part, sentence, StringComparison.Ordinal));
        Assert.Equal(before, _inputs.Content);
    }

    [Fact]
    public void SeveralProblems_AreToldAtOnce()
    {
        Invocation made = Invocation.Of(
            "run",
            "",
            "--temperature",
            "-1",
            "--top-p",
            "2",
            "--format",
            "int7",
            "--chip",
            _inputs["three.yaml"],
            "--model",
            _inputs["none.gguf"]
        );
        Assert.Equal(2, made.Code);
        string[] named = ["prompt", "--temperature", "--top-p", "'int7'", "clock", "tiles", "'clok'", "none.gguf"];
        Assert.Equal(named.Length, made.ErrorLines.Length);
        Assert.All(made.ErrorLines, CheckSentence);
        Assert.All(named, part => Assert.Contains(made.ErrorLines, line => line.Contains(part, StringComparison.Ordinal)));
    }

    [Fact]
    public void Assembler_NamesEveryLineAtFault_WithItsColumn()
    {
        string text = File.ReadAllText(_inputs["good.asm"]);
        foreach (
            (string file, string found, string fault) in (ReadOnlySpan<(string, string, string)>)
                [("mnemonic.asm", "MATMUL ", "'MATMULL'"), ("operand.asm", "Result=Final", "Result")]
        )
        {
            Invocation made = Invocation.Of("asm", _inputs[file], "-o", _inputs["new.tape"]);
            Assert.Equal(2, made.Code);
            string[] lines = text.Split('\n');
            int[] faulty = [.. Enumerable.Range(0, lines.Length).Where(i => lines[i].Contains(found, StringComparison.Ordinal))];
            Assert.Equal(faulty.Length, made.ErrorLines.Length);
            for (int i = 0; i < faulty.Length; i++)
            {
                int column = lines[faulty[i]].IndexOf(found, StringComparison.Ordinal) + 1;
                Assert.Contains($"{file}:{faulty[i] + 1}:{column}: ", made.ErrorLines[i], StringComparison.Ordinal);
                Assert.Contains(fault, made.ErrorLines[i], StringComparison.Ordinal);
            }
            Assert.False(File.Exists(_inputs["new.tape"]));
        }
    }

    private static void CheckSentence(string line)
    {
        Assert.StartsWith("tapeout: ", line, StringComparison.Ordinal);
        Assert.EndsWith(".", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", line, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", line, StringComparison.Ordinal);
        Assert.DoesNotContain("Tapeout.", line, StringComparison.Ordinal);
        Assert.DoesNotContain("defect of the program", line, StringComparison.Ordinal);
    }

    /// <summary>The files, written once.</summary>
    public sealed class Inputs : IDisposable
    {
        internal BadInputs Files { get; } = new();

        public void Dispose() => Files.Dispose();
    }
}
