using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>The program <c>tapeout</c>: parses, runs a verb, turns refusals into sentences and exit codes.</summary>
public static class CommandLine
{
    /// <summary>Runs a command line.</summary>
    /// <returns>0; 2 for input that cannot be used; 130 after Ctrl-C; 1 for a defect of the program.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "The last handler: a defect is told in one sentence, not in a stack trace.")]
    public static int Run(string[] args, TextWriter output, TextWriter errors)
    {
        try
        {
            RootCommand root = new(
                "A virtual LLM-inference chip: compile a model to a chip, run real tokens through it, read its speed off the same program."
            )
            {
                RunVerb.Create(output, errors),
                SimulateVerb.Create(output),
                CompileVerb.Create(output),
                CatalogVerbs.Chips(output),
                CatalogVerbs.Models(output),
                CatalogVerbs.Inspect(output),
            };
            ParseResult parsed = root.Parse(args);
            if (parsed.Errors.Count > 0)
            {
                foreach (var error in parsed.Errors)
                    errors.WriteLine($"tapeout: {error.Message} See 'tapeout --help'.");
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
}
