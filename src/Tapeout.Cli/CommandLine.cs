using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>The program <c>tapeout</c>: parses, runs a verb, turns refusals into sentences and exit codes.</summary>
public static class CommandLine
{
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
            RootCommand root = new(
                "A virtual LLM-inference chip: compile a model to a chip, run real tokens through it, read its speed off the same program."
            )
            {
                RunVerb.Create(output, errors),
                SimulateVerb.Create(output),
                ChatVerb.Create(input ?? Console.In, output, errors),
                CompileVerb.Create(output, errors),
                DisasmVerb.Create(output),
                AsmVerb.Create(output),
                VectorsVerb.Create(output, errors),
                ChipsVerb.Create(output),
                ModelsVerb.Create(output),
                InspectVerb.Create(output),
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
        string help = $"See '{(command is RootCommand ? "tapeout" : $"tapeout {command.Name}")} --help'.";
        string? unknown = parsed.UnmatchedTokens.OrderBy(t => t.StartsWith('-') ? 0 : 1).FirstOrDefault();
        if (unknown is null)
            return parsed.Errors.Select(e => $"{e.Message} {help}");
        IEnumerable<string> known = unknown.StartsWith('-')
            ? command.Options.SelectMany(o => o.Aliases.Append(o.Name))
            : command.Subcommands.Select(c => c.Name);
        return
        [
            $"'{unknown}' is not {(unknown.StartsWith('-') ? "an option" : "an argument")} here{Sentence.DidYouMean(unknown, known)}. {help}",
        ];
    }
}
