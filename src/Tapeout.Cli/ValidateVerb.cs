using System.CommandLine;
using System.Text;
using System.Text.Json;
using Tapeout.Quantities;
using Tapeout.Reports.Validation;

namespace Tapeout.Cli;

/// <summary><c>tapeout validate</c>: holds predictions against measurements.</summary>
internal static class ValidateVerb
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create(TextWriter output)
    {
        Option<string[]> rows = new("--rows")
        {
            Description = "A .csv file of measurements, or a folder of them; may be given several times.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Option<bool> all = new("--all") { Description = "Prints every row, not only families." };
        Option<string?> write = new("--write") { Description = "Writes validation.md and validation.svg to this folder." };
        Option<string[]> set = new("--set")
        {
            Description = "Overrides a field of a software stack: stack:path=value.",
            DefaultValueFactory = _ => [],
        };
        Command command = new("validate", "Holds predictions against measured hardware, family by family.") { rows, json, all, write, set };
        command.SetAction(parsed =>
        {
            string[] paths = parsed.GetValue(rows)!;
            if (paths.Length == 0)
                throw new InvalidInputException("There is nothing to validate against: name a .csv file or a folder of them with --rows.");
            ValidationRun run = ValidationRun.Of(paths, parsed.GetValue(set));
            if (parsed.GetValue(write) is { } folder)
            {
                Directory.CreateDirectory(folder);
                Replace(Path.Combine(folder, "validation.svg"), ScatterPlot.Svg(run));
                Replace(Path.Combine(folder, "validation.md"), ValidationReport.Markdown(run, "validation.svg"));
            }
            if (parsed.GetValue(json))
                output.WriteLine(ValidationReport.Json(run).ToJsonString(Indented));
            else
                ValidationReport.Print(output, run, parsed.GetValue(all));
            return 0;
        });
        return command;
    }

    private static void Replace(string path, string text)
    {
        using NewFile file = NewFile.Open(new(path))!;
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Commit();
    }
}
