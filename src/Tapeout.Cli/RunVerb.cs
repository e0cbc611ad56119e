using System.CommandLine;
using System.Text;
using Tapeout.Compiler;
using Tapeout.Models;
using Tapeout.Quantities;
using Tapeout.Timing;

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
        Option<FileInfo?> record = new("--record-experts")
        {
            Description = "Writes how many tokens each expert got, for 'simulate --experts'.",
        };
        Command command = new("run", "Runs a prompt through a virtual chip.") { prompt, logits, json, record };
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
                using NewFile? recordFile = NewFile.Open(parsed.GetValue(record));
                if (recordFile is not null && model.Configuration.Experts == 0)
                    throw new InvalidInputException(
                        $"{model.Name} has no experts, so that there is nothing to record: leave --record-experts out."
                    );
                ExpertRecording? experts = recordFile is null ? null : new(model.Name);
                using ProgressLine progress = new(errors);
                PromptRun run = new()
                {
                    Model = model,
                    Options = options,
                    Request = request!,
                    Machine = machine.Read(parsed),
                    Text = asJson ? null : output,
                    Logits = logitsFile,
                    Experts = experts,
                };
                run.Execute(note => errors.WriteLine($"note: {note}"), progress);
                if (!run.IsCancelled)
                    logitsFile?.Commit();
                if (experts is not null && !run.IsCancelled)
                {
                    recordFile!.Write(Encoding.UTF8.GetBytes(experts.Text()));
                    recordFile.Commit();
                }
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
