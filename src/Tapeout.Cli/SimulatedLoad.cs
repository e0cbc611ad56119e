using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Models;
using Tapeout.Quantities;
using Tapeout.Timing;

namespace Tapeout.Cli;

/// <summary>A load that is timed without weights: the options of <c>simulate</c>, shared by all verbs that make a bill.</summary>
internal sealed class SimulatedLoad
{
    private readonly CommonOptions common = new();
    private readonly Option<int> promptTokens = new("--prompt-tokens")
    {
        Description = "Tokens of each prompt.",
        DefaultValueFactory = _ => 128,
    };
    private readonly Option<int> maxTokens = new("--max-tokens", "-n")
    {
        Description = "Tokens made for each prompt.",
        DefaultValueFactory = _ => 128,
    };
    private readonly Option<int> batch = new("--batch", "-b") { Description = "Sequences at once.", DefaultValueFactory = _ => 1 };

    private readonly Option<string> experts = new("--experts")
    {
        Description = "How tokens spread over experts: even, power-law:EXPONENT,SEED, or a file that 'run --record-experts' wrote.",
        DefaultValueFactory = _ => "even",
    };
    private readonly Option<YieldModel> yieldModel = new("--yield")
    {
        Description = "How defects spread over a wafer.",
        DefaultValueFactory = _ => YieldModel.NegativeBinomial,
    };
    private readonly Option<decimal> utilisation = new("--utilisation")
    {
        Description = "Share of the time in which chips make tokens at the rate of the bill, for money.",
        DefaultValueFactory = _ => new CostOptions().Utilisation,
    };
    private readonly Option<int> volume = new("--volume")
    {
        Description = "Chips over which the masks are spread.",
        DefaultValueFactory = _ => new CostOptions().Volume,
    };

    /// <summary>Processor time of this computer, all threads, to time the steps of the load after it was compiled.</summary>
    public TimeSpan TimingProcessorTime { get; private set; }

    /// <summary>Adds the options to a verb; without chip and count for one that takes its chips otherwise.</summary>
    public void AddTo(Command command, bool namesChip = true)
    {
        command.Options.Add(promptTokens);
        command.Options.Add(maxTokens);
        command.Options.Add(batch);
        command.Options.Add(experts);
        command.Options.Add(yieldModel);
        command.Options.Add(utilisation);
        command.Options.Add(volume);
        common.AddTo(command, namesChip);
    }

    /// <summary>Compiles, times and bills the load, and hands all of it to <paramref name="use"/> while the model is open.</summary>
    public int Use(ParseResult parsed, Func<Model, CompilationOptions, CompilationResult, Bill, int> use)
    {
        ChipDescription chip = common.LoadChip(parsed);
        return Use(parsed, common.Compilation(parsed, chip), use);
    }

    /// <summary>The same on another chip than the options name.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="target">The chip, how many of it, and the format where it is another than the options name.</param>
    /// <param name="use">Takes what came out.</param>
    public int Use(ParseResult parsed, ComparedChip target, Func<Model, CompilationOptions, CompilationResult, Bill, int> use)
    {
        CompilationOptions options = common.Compilation(parsed, LoadChip(parsed, target)) with { Chips = target.Count };
        return Use(parsed, target.Format is null ? options : options with { Format = target.Format }, use);
    }

    /// <summary>The description of a chip that is compared, with the overrides of the options.</summary>
    public ChipDescription LoadChip(ParseResult parsed, ComparedChip target) => common.LoadChip(parsed, target.Name);

    private int Use(ParseResult parsed, CompilationOptions options, Func<Model, CompilationOptions, CompilationResult, Bill, int> use)
    {
        int prompt = CommonOptions.Count("--prompt-tokens", parsed.GetValue(promptTokens), 1);
        int made = CommonOptions.Count("--max-tokens", parsed.GetValue(maxTokens), 1);
        int sequences = CommonOptions.Count("--batch", parsed.GetValue(batch), 1);
        CostOptions cost = Cost(parsed);
        ExpertDistribution spread = Spread(parsed.GetValue(experts)!);
        ChipDescription chip = options.Chip;
        using Model model = common.OpenModel(parsed);
        options = options with
        {
            MaxSequences = sequences,
            MaxTokensPerStep = Math.Max(FirstStep(chip, prompt), sequences),
            Weights = false,
        };
        if (options.ContextLength == 0)
            options = options with { ContextLength = Math.Min(model.Configuration.ContextLength, prompt + made) };
        if (prompt + made > options.ContextLength)
            throw new InvalidInputException(
                $"{prompt} prompt tokens and {made} more do not fit a context of {options.ContextLength}: use fewer, or raise --context."
            );
        CompilationResult result = Compilation.CompileLargestStep(model, ref options);
        TimingOptions timing = TimingOptions.Default with { Software = TimingOptions.SoftwareFor(chip), Experts = spread };
        using Process process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        Prediction prediction = Predictor.Predict(result.Tape, chip, prompt, made, sequences, timing);
        process.Refresh();
        TimingProcessorTime = process.TotalProcessorTime - before;
        return use(model, options, result, Bill.Of(result.Tape, chip, prediction, cost));
    }

    private CostOptions Cost(ParseResult parsed)
    {
        decimal share = parsed.GetValue(utilisation);
        if (share is not (> 0 and <= 1))
            throw new InvalidInputException(
                $"--utilisation is {share}, but it is a share of the time: use a number above 0 and at most 1."
            );
        return new()
        {
            Yield = parsed.GetValue(yieldModel),
            Utilisation = share,
            Volume = CommonOptions.Count("--volume", parsed.GetValue(volume), 1),
        };
    }

    private static ExpertDistribution Spread(string text)
    {
        if (ExpertDistribution.TryParse(text, out ExpertDistribution named))
            return named;
        FileInfo file = new(text);
        if (!file.Exists)
            throw new InvalidInputException(
                $"'{text}' is neither a distribution of tokens over experts nor a file: use even, power-law:1.2,7 or a file that 'tapeout run --record-experts' wrote."
            );
        return new() { Recording = ExpertRecording.Parse(file.Name, Encoding.UTF8.GetString(InputFile.Read(file))) };
    }

    /// <summary>
    /// Tokens of the largest step that is tried: 64 where activations live in SRAM; a whole prompt up to 8,192 where they live in memory, as
    /// software for such chips does.
    /// </summary>
    private static int FirstStep(ChipDescription chip, int prompt)
    {
        int tokens = 64;
        while (chip.Execution.Style == ExecutionStyle.Dynamic && tokens < prompt && tokens < 8192)
            tokens *= 2;
        return tokens;
    }
}
