using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Models;

namespace Tapeout.Cli;

/// <summary><c>tapeout inspect MODEL</c>: what a model file holds, tensor by tensor.</summary>
internal static class InspectVerb
{
    public static Command Create(TextWriter output)
    {
        Argument<string> file = new("model") { Description = "A .gguf file or a name of the catalog." };
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Command command = new("inspect", "Shows what is inside a model.") { file, json };
        command.SetAction(parsed =>
        {
            using Model model = ModelSource.Open(parsed.GetValue(file)!);
            if (parsed.GetValue(json))
            {
                JsonObject root = ModelsVerb.Opened(model);
                root["tensors"] = new JsonArray([.. model.Weights.Values.Select(Tensor)]);
                JsonOutput.Write(output, root);
                return 0;
            }
            ModelConfiguration c = model.Configuration;
            output.WriteLine(
                $"{model.Name}: {c.Architecture}, {model.Parameters:#,0} parameters, {c.Layers} layers, hidden {c.Hidden}, {c.Heads} heads on {c.KeyValueHeads} KV heads of {c.HeadDimension}, vocabulary {c.Vocabulary}, context {c.ContextLength}, {(model.ChatTemplate is null ? "no chat template" : "with a chat template")}"
            );
            ConsoleTable table = new("tensor", ">matrices", ">rows", ">columns", "type", ">bytes");
            foreach (WeightTensor weight in model.Weights.Values)
            {
                table.Add(
                    weight.Name,
                    Count(weight.Count),
                    Count(weight.Rows),
                    Count(weight.Columns),
                    weight.StorageType,
                    Count(weight.StorageBytes)
                );
            }
            table.Write(output);
            return 0;
        });
        return command;
    }

    private static JsonObject Tensor(WeightTensor weight) =>
        new()
        {
            ["name"] = weight.Name,
            ["matrices"] = weight.Count,
            ["rows"] = weight.Rows,
            ["columns"] = weight.Columns,
            ["type"] = weight.StorageType,
            ["bytes"] = weight.StorageBytes,
        };

    private static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
