using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Isa;
using Tapeout.Machine.Vectors;
using Tapeout.Models;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary><c>tapeout vectors PROMPT --instruction I</c>: the operands and results of an instruction of a run, with hashes.</summary>
internal static class VectorsVerb
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        CommonOptions common = new();
        SamplingOptions sampling = new(defaultMaxTokens: 1);
        Argument<string> prompt = new("prompt") { Description = "The text of the run." };
        Option<string> instruction = new("--instruction", "-i")
        {
            Description = "A mnemonic, or the number that 'disasm' shows behind the semicolon.",
            Required = true,
        };
        Option<int?> step = new("--step") { Description = "Only this step of the run, from 0." };
        Option<string?> role = new("--role") { Description = "Only this role." };
        Option<int?> rank = new("--rank") { Description = "Only this chip of the role's group." };
        Option<int?> tile = new("--tile") { Description = "Only this tile of the chip." };
        Option<int?> layer = new("--layer") { Description = "Only this layer." };
        Option<int> limit = new("--limit") { Description = "Most vectors to print.", DefaultValueFactory = _ => 16 };
        Option<bool> values = new("--values") { Description = "Prints the numbers, de-quantised, beside the hashes." };
        Option<FileInfo?> file = new("--output", "-o") { Description = "Writes the bits; the JSON gives offsets into the file." };
        Command command = new("vectors", "Prints the operands and results of an instruction of a run, with hashes.")
        {
            prompt,
            instruction,
            step,
            role,
            rank,
            tile,
            layer,
            limit,
            values,
            file,
        };
        sampling.AddTo(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            Refusals refusals = new();
            VectorSelection selection = refusals.Try(() => Named(parsed.GetValue(instruction)!)) ?? new();
            selection = selection with
            {
                Step = parsed.GetValue(step),
                Role = parsed.GetValue(role),
                Rank = parsed.GetValue(rank),
                Tile = parsed.GetValue(tile),
                Layer = parsed.GetValue(layer),
            };
            int most = refusals.Try(() => CommonOptions.Count("--limit", parsed.GetValue(limit), 1));
            PromptRequest? request = refusals.Try(() => PromptRequest.Read(parsed, prompt, sampling));
            (Model model, Compiler.CompilationOptions options) = common.Read(parsed, refusals);
            using (model)
            {
                using NewFile? target = NewFile.Open(parsed.GetValue(file));
                using ProgressLine progress = new(errors);
                VectorRecorder? recorder = null;
                PromptRun run = new()
                {
                    Model = model,
                    Options = options,
                    Request = request!,
                    Machine = new(MachineOption.MachineKind.Reference, 0),
                    Observe = machine => recorder = new(machine, selection, most),
                    Text = null,
                    Logits = null,
                };
                run.Execute(note => errors.WriteLine($"note: {note}"), progress);
                if (run.IsCancelled)
                    return 130;
                if (recorder!.Vectors.Count == 0)
                    throw new InvalidInputException(Nothing(run.Tape, selection, parsed.GetValue(instruction)!));
                JsonOutput.Write(output, Json(run, recorder, target, parsed.GetValue(values)));
                target?.Commit();
                return 0;
            }
        });
        return command;
    }

    /// <summary>The instruction of a number or mnemonic.</summary>
    private static VectorSelection Named(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int counter))
            return new() { ProgramCounter = counter };
        InstructionDefinition? definition = InstructionTable.All.FirstOrDefault(row =>
            row.Mnemonic.Equals(text, StringComparison.OrdinalIgnoreCase)
        );
        return definition is not null
            ? new() { Opcode = (Opcode)definition.Code }
            : throw new InvalidInputException(
                $"'{text}' is neither a mnemonic nor the number of an instruction{Sentence.DidYouMean(text, InstructionTable.All.Select(row => row.Mnemonic))}: use a number that 'tapeout disasm' shows, or one of {string.Join(", ", InstructionTable.All.Select(row => row.Mnemonic))}."
            );
    }

    private static string Nothing(Tape tape, VectorSelection selection, string instruction)
    {
        string roles = string.Join(", ", tape.Roles.Select(r => $"'{r.Name}' with {r.Instructions.Length} instructions"));
        (string Name, object? Value)[] open =
        [
            ("step", selection.Step),
            ("role", selection.Role),
            ("rank", selection.Rank),
            ("tile", selection.Tile),
            ("layer", selection.Layer),
        ];
        string conditions = string.Concat(open.Where(c => c.Value is not null).Select(c => $", {c.Name} {c.Value}"));
        return $"No execution of instruction {instruction}{conditions} touched memory in this run; the program has the roles {roles}: choose others.";
    }

    private static JsonObject Json(PromptRun run, VectorRecorder recorder, NewFile? target, bool withValues)
    {
        JsonArray vectors = [];
        foreach (InstructionVector vector in recorder.Vectors)
            vectors.Add(Vector(vector, target, withValues));
        return new()
        {
            ["model"] = run.Model.Name,
            ["format"] = run.Tape.Format,
            ["chip"] = run.Compiled.Chip.Name,
            ["chips"] = run.Compiled.Chips,
            ["program"] = TapeFile.Hash(run.Tape),
            ["prompt"] = new JsonObject { ["text"] = run.Request.Prompt, ["tokenIds"] = JsonOutput.Numbers(run.PromptIds) },
            ["outputTokenIds"] = JsonOutput.Numbers(run.OutputIds),
            ["vectors"] = vectors,
            ["omitted"] = recorder.Omitted,
        };
    }

    private static JsonObject Vector(InstructionVector vector, NewFile? target, bool withValues)
    {
        Instruction instruction = vector.Point.Instance.Instruction;
        LoopIndices loops = vector.Point.Instance.Loops;
        JsonArray operands = [];
        foreach (OperandVector operand in vector.Operands)
        {
            JsonObject item = new()
            {
                ["name"] = operand.Name,
                ["direction"] = operand.IsResult ? "result" : "operand",
                ["buffer"] = operand.Buffer,
                ["matrix"] = operand.Inner,
                ["format"] = operand.Layout.Format.ToString(),
                ["firstRow"] = operand.Rows.Start,
                ["rows"] = operand.Rows.Count,
                ["firstColumn"] = operand.Columns.Start,
                ["columns"] = operand.Columns.Count,
                ["bytes"] = operand.Bytes.Length,
                ["sha256"] = operand.Hash,
            };
            if (target is not null)
            {
                item["offset"] = target.Length;
                target.Write(operand.Bytes.Span);
            }
            if (withValues)
                item["values"] = new JsonArray([.. operand.Values().Select(v => Number(v, operand.Layout.Format.Element))]);
            operands.Add(item);
        }
        return new()
        {
            ["step"] = vector.Step,
            ["role"] = vector.Point.Role.Name,
            ["rank"] = vector.Point.Rank,
            ["tile"] = instruction.Tiles.First + vector.Point.Tile,
            ["instruction"] = vector.Point.Instance.ProgramCounter,
            ["mnemonic"] = instruction.Definition.Mnemonic,
            ["text"] = Disassembler.Text(instruction),
            ["layer"] = vector.Point.Layer,
            ["loops"] = JsonOutput.Numbers(Enumerable.Range(0, LoopIndices.Levels).Select(level => loops[level])),
            ["operands"] = operands,
        };
    }

    /// <summary>A number as JSON can say it, with no more digits than its type has; one that is not finite as text.</summary>
    private static JsonNode Number(double value, ElementType element) =>
        element == ElementType.I32 ? JsonValue.Create((long)value)
        : double.IsFinite(value) ? JsonValue.Create((float)value)
        : JsonValue.Create($"{value}");
}
