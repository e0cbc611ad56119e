using System.Globalization;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Quantities;
using Tapeout.Timing;

namespace Tapeout.Reports.Validation;

/// <summary>
/// Rows of whole models: compiled for the chips of the row, timed step by step, billed. Nothing is fitted on them. As engines do, chips put the
/// products of a layer's two halves together by sums, and kernels are fused as the stack says. Eight-bit floats are timed as eight-bit integers
/// in groups of 128, whose scales no other chip needs. The KV cache has two bytes an element, but one for the eight-bit checkpoints that
/// TensorRT-LLM serves, which name an eight-bit cache.
/// </summary>
internal sealed class EndToEndPlanner(Func<ChipDescription, string, SoftwareStack> stackOf)
{
    /// <summary>Tokens of a prompt where a row states none.</summary>
    private const int UnstatedPrompt = 256;

    /// <summary>Prompts that a client sends for each it keeps in flight, where a row states none: what the benchmark of the rows is known to do.</summary>
    private const int PromptsOfAClient = 10;

    private const string EightBits = "int8-g128/int8-g128";
    private const int MostSequences = 4096;
    private const int LargestStep = 8192;

    private static readonly (string Row, string Catalog)[] Models =
    [
        ("Llama-3.1-70B", "llama-3.1-70b"),
        ("Llama-3-70B", "llama-3.1-70b"),
        ("Llama-3.1-8B", "llama-3.1-8b"),
        ("Llama-3-8B", "llama-3.1-8b"),
    ];

    private readonly Dictionary<
        (string Load, int Batch, int Prompt, int Output),
        (Bill? Bill, Prediction? Kernels, long Parameters)
    > _bills = [];
    private readonly Dictionary<string, ChipDescription> _chips = [];

    /// <summary>The validated row, or one with the reason why it cannot be timed.</summary>
    public ValidatedRow Validate(MeasuredRow row)
    {
        ValidatedRow Refused(string reason) => new(row, "", "", false, 0, 0, 0, reason);
        string metric = row.Text("metric");
        if (metric is not ("tpot" or "tpot_median" or "ttft" or "tok_s_total" or "power_gpus" or "energy_per_output_token_gpus"))
            return Refused($"end-to-end rows ({metric}) are no figure of a bill");
        string model = Models.FirstOrDefault(m => row.Text("model").StartsWith(m.Row, StringComparison.Ordinal)).Catalog ?? "";
        string chipName = MeasuredGpu.ChipAtStartOf(row.Text("hardware")) ?? "";
        if (model.Length == 0 || chipName.Length == 0)
            return Refused("end-to-end rows of a model or chip that the catalog does not have");
        if (!TryNumber(row.Text("batch"), out double sequences) || !TryNumber(row.Text("output_tokens"), out double output))
            return Refused("end-to-end rows that state no batch");
        if (!TryNumber(row.Text("value"), out double value) || value <= 0 || !TryNumber(row.Text("chips"), out double chipCount))
            return Refused("end-to-end rows without a figure");
        bool hasPrompt = TryNumber(row.Text("prompt_tokens"), out double promptTokens);
        string framework = $"{row.Text("hardware")} {row.Text("source")}".Contains("vllm", StringComparison.OrdinalIgnoreCase)
            ? "vllm"
            : "trtllm";
        int batch = (int)Math.Max(1, Math.Round(sequences));
        int prompt = hasPrompt ? (int)promptTokens : UnstatedPrompt;
        int made = (int)Math.Max(1, Math.Round(output));
        string format = row.Text("precision") == "fp8" ? EightBits : "bf16";
        if (batch > MostSequences || prompt > LargestStep)
            return Refused("end-to-end rows of more sequences or longer ones than are compiled for here");

        ChipDescription chip = Chip(chipName);
        int chips = (int)chipCount;
        (Bill? timed, Prediction? kernels, long parameters) = Billed(model, chip, chips, format, framework, (batch, prompt, made));
        if (timed is not { } bill || kernels is not { } prediction)
            return Refused("end-to-end rows whose sequences do not fit the memory side by side");
        // The rates of kernels were measured under the power limit, so that a bill's slowing by power would count it twice.
        // Weights and KV cache of a decode step at peak bandwidth, or its operations at peak rate.
        double peak =
            (chip.Matrix.MacsFor(Element(format), Element(format))?.Count ?? 1) * (double)chip.Tiles.Count * chip.Clock.Count * chips;
        double bandwidth = chip.Memory.Sum(m => (double)m.Bandwidth.Count);
        double step = Math.Max(prediction.DecodeStepTime.MemoryBytes.Count / bandwidth, (double)parameters * batch / peak);
        double first = Math.Max(parameters * (format == EightBits ? 1.0 : 2.0) / chips / bandwidth, (double)parameters * prompt / peak);
        double watts = chip.Power.Tdp.TotalWatts * chips;
        // Sequences that end are replaced while the others go on, so that each step of a sequence has its share of the others' prompts.
        double spent = prediction.DecodeStep.TotalSeconds + prediction.Prefill.TotalSeconds / made;
        double joules =
            (double)(bill.Decode?.JoulesPerToken(Boundary.Card).Typical ?? 0)
            + (double)(bill.Prefill?.JoulesPerToken(Boundary.Card).Typical ?? 0) * prompt / made;
        // A prompt among others waits for the step that runs when it comes. A client's first prompts come all at once and wait for each other,
        // half of them on average; those behind come as sequences end, which is as far apart as they began.
        double prompted = prediction.Prefill.TotalSeconds / batch;
        double ttft = prompted + (batch > 1 ? prediction.DecodeStep.TotalSeconds : 0) + prompted * (batch - 1) / 2 / PromptsOfAClient;
        (double predicted, double measured, double roofline, string unit) = metric switch
        {
            "tpot" or "tpot_median" => (spent, value / 1e3, step, "s"),
            "ttft" => (ttft, value / 1e3, first, "s"),
            "tok_s_total" => (spent / batch, 1 / value, step / batch, "s"),
            "power_gpus" => (bill.Decode?.MeanWatts(Boundary.Card) ?? 0, value, watts, "W"),
            // All energy over the tokens made: the prompts' too.
            _ => (joules, value, watts * step / batch, "J"),
        };
        if (predicted <= 0)
            return Refused("end-to-end rows of a chip whose power is unknown");
        string what = metric switch
        {
            "tpot" or "tpot_median" => "time per token",
            "ttft" => "time to first token",
            "tok_s_total" => "throughput",
            "power_gpus" => "power",
            _ => "energy per token",
        };
        return new(
            row,
            $"end to end {chipName.Split('-')[1]} {row.Text("precision")} {framework}, {what}",
            $"{model} on {chips}",
            true,
            measured,
            predicted,
            roofline,
            ""
        )
        {
            Unit = unit,
            Chip = chipName,
            Software = stackOf(chip, framework).Name,
        };
    }

    private static Numerics.ElementType Element(string format) => format == EightBits ? Numerics.ElementType.I8 : Numerics.ElementType.BF16;

    private static bool TryNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private ChipDescription Chip(string name)
    {
        if (!_chips.TryGetValue(name, out ChipDescription? chip))
            _chips[name] = chip = ChipReader.Load(name);
        return chip;
    }

    /// <summary>The bill of a load, none if it does not fit; and the parameters of the model.</summary>
    private (Bill? Bill, Prediction? Kernels, long Parameters) Billed(
        string model,
        ChipDescription chip,
        int chips,
        string format,
        string framework,
        (int Batch, int Prompt, int Output) load
    )
    {
        (string, int, int, int) key = ($"{model} {format} on {chips} {chip.Name} {framework}", load.Batch, load.Prompt, load.Output);
        if (_bills.TryGetValue(key, out (Bill?, Prediction?, long) known))
            return known;
        using Model opened = ModelSource.Open(model);
        CompilationOptions options = new()
        {
            Chip = chip,
            Chips = chips,
            Format = format,
            Parallelism = TensorParallelism.Reduce,
            KvFormat = format == EightBits && framework == "trtllm" ? "int8" : "f16",
            MaxSequences = load.Batch,
            MaxTokensPerStep = Math.Max(load.Batch, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)load.Prompt)),
            ContextLength = load.Prompt + load.Output,
            Weights = false,
        };
        Bill? bill = null;
        Prediction? kernels = null;
        try
        {
            Tape tape = Compilation.CompileLargestStep(opened, ref options).Tape;
            TimingOptions timing = TimingOptions.Default with { Software = stackOf(chip, framework) };
            kernels = Predictor.Predict(tape, chip, load.Prompt, load.Output, load.Batch, timing);
            bill = Bill.Of(tape, chip, kernels);
        }
        catch (InvalidInputException)
        {
            // Told by the caller: what was served in turns fits no chip at once.
        }
        return _bills[key] = (bill, kernels, opened.Parameters);
    }
}
