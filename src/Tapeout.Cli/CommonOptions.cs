using System.CommandLine;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Models.Importers;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>The options that name a model, a chip and a quantisation, shared by all verbs that compile.</summary>
/// <param name="defaultChip">The chip where none is named.</param>
internal sealed class CommonOptions(string defaultChip = "ideal")
{
    /// <summary>More tokens, positions or candidates than any model has.</summary>
    public const int MostCount = 1 << 24;

    private readonly Option<string> model = new("--model", "-m")
    {
        Description = "A .gguf file or a name of the catalog.",
        DefaultValueFactory = _ => ModelSource.EmbeddedDefault,
    };
    private readonly Option<string> chip = new("--chip")
    {
        Description = "A chip of the catalog or a .yaml file.",
        DefaultValueFactory = _ => defaultChip,
    };
    private readonly Option<string[]> set = SetOption();
    private readonly Option<string> format = new("--format", "-f")
    {
        Description = $"Quantisation: {string.Join(", ", QuantisationFormats.Names)}, or a weight format.",
        DefaultValueFactory = _ => "int8",
    };
    private readonly Option<string?> kv = new("--kv-format")
    {
        Description = "KV cache: f32, f16, bf16, int8, int4, or a format such as int4-g64-min.",
    };
    private readonly Option<string?> keep = new("--keep")
    {
        Description =
            $"Operators whose weights stay as in the file and meet float32 activations, comma between: {CompilationOptions.Embedding}, {CompilationOptions.Head}, ffn_down …",
    };
    private readonly Option<int> chips = new("--chips") { Description = "Chips that share every layer.", DefaultValueFactory = _ => 1 };
    private readonly Option<string> parallel = new("--parallel")
    {
        Description = "How chips put products together: gather or reduce; the bits are the same.",
        DefaultValueFactory = _ => "gather",
    };
    private readonly Option<int> context = new("--context") { Description = "Most positions of a sequence; 0 for the model's own." };
    private readonly Option<string[]> overrides = new("--override-kv")
    {
        Description = "Overrides metadata of the file: KEY=TYPE:VALUE.",
        DefaultValueFactory = _ => [],
    };

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="namesChip">False for a verb that takes its chips otherwise.</param>
    public void AddTo(Command command, bool namesChip = true)
    {
        foreach (Option option in (Option[])[model, chip, set, format, kv, keep, chips, parallel, context, overrides])
        {
            if (namesChip || (option != chip && option != chips))
                command.Options.Add(option);
        }
    }

    /// <summary><c>--set path=value</c>, for verbs that read a chip and nothing else.</summary>
    public static Option<string[]> SetOption() =>
        new("--set") { Description = "Overrides a field of the chip: path=value.", DefaultValueFactory = _ => [] };

    /// <summary>The model and what it is compiled with, validated together.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="refusals">What has been refused so far; thrown here together with what else is wrong.</param>
    /// <exception cref="InvalidInputException">Something cannot be used; all of it is named.</exception>
    public (Model Model, CompilationOptions Options) Read(ParseResult parsed, Refusals refusals)
    {
        refusals.Try(() => QuantisationFormats.Find(parsed.GetValue(format)!, parsed.GetValue(kv)));
        ChipDescription? description = refusals.Try(() => LoadChip(parsed));
        CompilationOptions? options = refusals.Try(() => Compilation(parsed, description!));
        Model? opened = refusals.Try(() => OpenModel(parsed));
        if (refusals.Any)
            opened?.Dispose();
        refusals.Throw();
        opened!.StartHash();
        return (opened, options!);
    }

    public Model OpenModel(ParseResult parsed) =>
        ModelSource.Open(
            parsed.GetValue(model)!,
            new() { MetadataOverrides = [.. parsed.GetValue(overrides)!.Select(MetadataOverride.Parse)] }
        );

    public ChipDescription LoadChip(ParseResult parsed) => LoadChip(parsed, parsed.GetValue(chip)!);

    public ChipDescription LoadChip(ParseResult parsed, string name) => ChipReader.Load(name, parsed.GetValue(set));

    public CompilationOptions Compilation(ParseResult parsed, ChipDescription description) =>
        new()
        {
            Chip = description,
            Format = parsed.GetValue(format)!,
            KvFormat = parsed.GetValue(kv),
            Keep = parsed.GetValue(keep)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
            Chips = parsed.GetValue(chips),
            Parallelism = Parallelism(parsed.GetValue(parallel)!),
            ContextLength = Context(parsed),
        };

    private static TensorParallelism Parallelism(string name) =>
        name switch
        {
            "gather" => TensorParallelism.Gather,
            "reduce" => TensorParallelism.Reduce,
            _ => throw new InvalidInputException($"--parallel is '{name}', but must be gather or reduce."),
        };

    private int Context(ParseResult parsed)
    {
        int value = parsed.GetValue(context);
        return value is >= 0 and <= MostCount
            ? value
            : throw new InvalidInputException(
                $"A context of {value} positions is not possible: use 1 to {MostCount}, or 0 for the model's own."
            );
    }

    /// <summary>What a reader should know before the result: formats that were changed, wishes that could not be met.</summary>
    public static IEnumerable<string> Notes(Model model, CompilationOptions options, CompilationResult result)
    {
        foreach (string note in result.Report.Notes)
            yield return note;
        int own = model.Configuration.ContextLength;
        if (result.Tape.Envelope.Context > own)
            yield return $"a context of {result.Tape.Envelope.Context} positions is beyond the {own} that {model.Name} was made for";
        bool reduces = result.Tape.Roles.Any(role =>
            role.Instructions.OfType<Reduce>().Any(r => r.Operation is ReduceOperation.SumIntegers or ReduceOperation.SumNodes)
        );
        if (options.Parallelism == TensorParallelism.Reduce && !reduces)
            yield return $"no sum of {model.Name} can be cut at a node of its plan over {options.Chips} chips: products are gathered instead, with the same bits";
    }

    /// <summary>A number of tokens that makes sense.</summary>
    public static int Count(string option, int value, int least)
    {
        return value >= least && value <= MostCount
            ? value
            : throw new InvalidInputException($"{option} is {value}, but must be {least} to {MostCount}.");
    }
}
