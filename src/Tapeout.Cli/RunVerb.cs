using System.CommandLine;
using Tapeout.Compiler;
using Tapeout.Models;

namespace Tapeout.Cli;

/// <summary><c>tapeout run PROMPT</c>: compiles, executes, streams the text, prints what the chip would take.</summary>
internal static class RunVerb
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        CommonOptions common = new();
        SamplingOptions sampling = new(defaultMaxTokens: 128);
        MachineOption machine = new();
        Argument<string> prompt = new("prompt") { Description = "The text to continue." };
        Option<FileInfo?> logits = new("--logits") { Description = "Writes float32 little-endian rows, one per processed position." };
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Command command = new("run", "Runs a prompt through a virtual chip.") { prompt, logits, json };
        sampling.AddTo(command);
        machine.AddTo(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            bool asJson = parsed.GetValue(json);
            Refusals refusals = new();
            PromptRequest? request = refusals.Try(() => PromptRequest.Read(parsed, prompt, sampling));
            (Model model, CompilationOptions options) = common.Read(parsed, refusals);
            using (model)
            {
                using NewFile? logitsFile = NewFile.Open(parsed.GetValue(logits));
                using ProgressLine progress = new(errors);
                PromptRun run = new()
                {
                    Model = model,
                    Options = options,
                    Request = request!,
                    Machine = machine.Read(parsed),
                    Text = asJson ? null : output,
                    Logits = logitsFile,
                };
                run.Execute(note => errors.WriteLine($"note: {note}"), progress);
                if (!run.IsCancelled)
                    logitsFile?.Commit();
                if (asJson)
                {
                    JsonOutput.Write(output, RunReport.Json(run));
                }
                else
                {
                    output.WriteLine();
                    output.WriteLine();
                    RunReport.Print(output, run);
                }
                return run.IsCancelled ? 130 : 0;
            }
        });
        return command;
    }
}
