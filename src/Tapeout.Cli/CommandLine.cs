using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>The program <c>tapeout</c>: parses, runs a verb, turns refusals into sentences and exit codes.</summary>
public static class CommandLine
{
    private const string Name = "tapeout";

    /// <summary>Runs a command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="output">Where results go.</param>
    /// <param name="errors">Where notes, progress and refusals go.</param>
    /// <param name="input">Where a conversation comes from; null for the console.</param>
    /// <returns>0; 2 for input that cannot be used; 130 after Ctrl-C; 1 for a defect of the program.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "The last handler: a defect is told in one sentence, not in a stack trace.")]
    public static int Run(string[] args, TextWriter output, TextWriter errors, TextReader? input = null)
    {
        try
        {
            Command root = new(
                Name,
                "A virtual LLM-inference chip: compile a model to a chip, run real tokens through it, read its speed off the same program."
            )
            {
                RunVerb.Create(output, errors),
                SimulateVerb.Create(output),
                CompareVerb.Create(output, errors),
                ChatVerb.Create(input ?? Console.In, output, errors),
                CompileVerb.Create(output, errors),
                DisasmVerb.Create(output),
                AsmVerb.Create(output),
                VectorsVerb.Create(output, errors),
                HashesVerb.Create(output, errors),
                ChipsVerb.Create(output),
                ModelsVerb.Create(output),
                InspectVerb.Create(output),
                TechnologyVerb.Create(output),
                ExplainVerb.Create(output),
                ValidateVerb.Create(output),
                EvalVerb.Create(output, errors),
                BenchVerb.Create(output, errors),
                new HelpOption(),
                new VersionOption(),
            };
            ParseResult parsed = root.Parse(args);
            if (parsed.Errors.Count > 0)
            {
                foreach (string sentence in Sentences(parsed))
                    errors.WriteLine($"tapeout: {sentence}");
                return 2;
            }
            return parsed.Invoke(
                new()
                {
                    EnableDefaultExceptionHandler = false,
                    Output = output,
                    Error = errors,
                }
            );
        }
        catch (InvalidInputException e)
        {
            foreach (string problem in e.Problems)
                errors.WriteLine($"tapeout: {problem}");
            return 2;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A disk that is full, a file that vanished: the machine's state, not a defect.
            errors.WriteLine($"tapeout: {e.Message.TrimEnd('.')}: check the disk and the rights to the file.");
            return 2;
        }
        catch (Exception e)
        {
            errors.WriteLine($"tapeout: a defect of the program: {e.Message} (set TAPEOUT_TRACE=1 for the trace, and please report it)");
            if (Environment.GetEnvironmentVariable("TAPEOUT_TRACE") == "1")
                errors.WriteLine(e);
            return 1;
        }
    }

    /// <summary>What cannot be parsed: an unknown option once, with the nearest known one and without the value that follows it.</summary>
    private static IEnumerable<string> Sentences(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string help = $"See '{PathOf(parsed.CommandResult)} --help'.";
        string? unknown = parsed.UnmatchedTokens.OrderBy(t => t.StartsWith('-') ? 0 : 1).FirstOrDefault();
        if (unknown is null)
            return parsed.Errors.Select(e => $"{Problem(e)} {help}").Distinct();
        bool isOption = unknown.StartsWith('-');
        IEnumerable<string> known = isOption
            ? command.Options.SelectMany(o => o.Aliases.Append(o.Name))
            : command.Subcommands.Select(c => c.Name);
        string kind =
            isOption ? "an option"
            : command.Subcommands.Count > 0 ? "a command"
            : "an argument";
        return [$"'{unknown}' is not {kind} here{Sentence.DidYouMean(unknown, known)}. {help}"];
    }

    /// <summary>A sentence of the parser, in the words of the command line rather than of its types.</summary>
    private static string Problem(ParseError error)
    {
        if (error.SymbolResult is not OptionResult { Tokens: [.., var token] } result)
            return error.Message;
        Type type = Nullable.GetUnderlyingType(result.Option.ValueType) ?? result.Option.ValueType;
        string? allowed =
            type == typeof(float) ? "a number such as 0.7"
            : type == typeof(ulong) ? $"a whole number from 0 to {ulong.MaxValue}"
            : type == typeof(int) ? $"a whole number of at most {int.MaxValue}"
            : type.IsEnum ? Sentence.Alternatives([.. Enum.GetNames(type).Select(n => n.ToLowerInvariant())])
            : null;
        return allowed is null ? error.Message : $"{result.Option.Name} is '{token.Value}', but must be {allowed}.";
    }

    private static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}" : result.Command.Name;
}
