using System.CommandLine;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary><c>tapeout compile</c>: writes a tape, or the text of a stage.</summary>
internal static class CompileVerb
{
    public static Command Create(TextWriter output)
    {
        CommonOptions common = new();
        Option<FileInfo?> file = new("--output", "-o") { Description = "The tape's file." };
        Option<string?> dump = new("--dump") { Description = $"Prints a stage: {string.Join(", ", Compilation.Stages)}." };
        Option<int> batch = new("--batch", "-b") { Description = "Most sequences in one step.", DefaultValueFactory = _ => 1 };
        Command command = new("compile", "Compiles a model to a chip's tape.") { file, dump, batch };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            string? stage = parsed.GetValue(dump);
            if (stage is not null && !Compilation.Stages.Contains(stage))
                throw new InvalidInputException($"'{stage}' is not a stage: use {string.Join(", ", Compilation.Stages)}.");
            ChipDescription chip = common.LoadChip(parsed);
            using NewFile? target = NewFile.Open(parsed.GetValue(file));
            using Model model = common.OpenModel(parsed);
            int sequences = CommonOptions.Count("--batch", parsed.GetValue(batch), 1);
            CompilationResult result = Compilation.Compile(
                model,
                common.Compilation(parsed, chip) with
                {
                    Weights = false,
                    MaxSequences = sequences,
                }
            );
            byte[] bytes = TapeFile.Write(result.Tape);
            target?.Write(bytes);
            target?.Commit();
            if (stage is not null)
                output.Write(result.Dumps[stage]());
            else
                output.WriteLine(
                    $"{model.Name} in {result.Tape.Format} for {chip.Name}: {result.Tape.Roles.Sum(r => r.Instructions.Length)} instructions, {bytes.Length:#,0} bytes, {TapeFile.Hash(result.Tape)}"
                );
            return 0;
        });
        return command;
    }
}
