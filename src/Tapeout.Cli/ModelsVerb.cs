using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Models;

namespace Tapeout.Cli;

/// <summary><c>tapeout models</c>: the shapes of the catalog, and the numbers of one.</summary>
internal static class ModelsVerb
{
    public static Command Create(TextWriter output)
    {
        Option<bool> listJson = new("--json") { Description = "Prints a JSON list." };
        Command list = new("list", "Lists the shapes of the catalog.") { listJson };
        list.SetAction(parsed =>
        {
            ModelCatalogEntry[] entries = [.. ModelCatalog.Names.Select(ModelCatalog.Find)];
            if (parsed.GetValue(listJson))
            {
                JsonOutput.Write(output, new JsonArray([.. entries.Select(Entry)]));
                return 0;
            }
            ConsoleTable table = new("model", "architecture", ">layers", ">hidden", ">vocabulary", ">context", "remark");
            foreach (ModelCatalogEntry entry in entries)
            {
                ModelConfiguration c = entry.Configuration;
                table.Add(
                    entry.Name,
                    c.Architecture,
                    Count(c.Layers),
                    Count(c.Hidden),
                    Count(c.Vocabulary),
                    Count(c.ContextLength),
                    entry.Missing.Length > 0 ? $"needs {entry.Missing}" : ""
                );
            }
            table.Write(output);
            return 0;
        });
        Argument<string> named = new("name") { Description = "A name of the catalog or a .gguf file." };
        Option<bool> showJson = new("--json") { Description = "Prints one JSON object." };
        Command show = new("show", "Shows the numbers that fix a model's graph.") { named, showJson };
        show.SetAction(parsed =>
        {
            string name = parsed.GetValue(named)!;
            JsonObject root;
            if (ModelCatalog.Names.Contains(name) && name != ModelSource.EmbeddedDefault)
            {
                root = Entry(ModelCatalog.Find(name));
            }
            else
            {
                using Model model = ModelSource.Open(name);
                root = Opened(model);
            }
            if (parsed.GetValue(showJson))
            {
                JsonOutput.Write(output, root);
                return 0;
            }
            ConsoleTable table = new("field", "value");
            foreach ((string field, JsonNode? value) in root)
            {
                if (value is not null)
                    table.Add(field, value.ToString());
            }
            table.Write(output);
            return 0;
        });
        return new("models", "The models of the catalog.") { list, show };
    }

    /// <summary>The numbers of a model that is open.</summary>
    public static JsonObject Opened(Model model)
    {
        JsonObject root = new() { ["name"] = model.Name };
        Configure(root, model.Configuration);
        root["parameters"] = model.Parameters;
        root["weights"] = string.Join(", ", model.Weights.Values.Select(w => w.StorageType).Distinct().Order(StringComparer.Ordinal));
        root["weightBytes"] = model.Weights.Values.Sum(w => w.StorageBytes);
        root["chatTemplate"] = model.ChatTemplate is not null;
        root["source"] = model.Source;
        return root;
    }

    private static JsonObject Entry(ModelCatalogEntry entry)
    {
        JsonObject root = new() { ["name"] = entry.Name };
        Configure(root, entry.Configuration);
        if (entry.Missing.Length > 0)
        {
            root["missing"] = entry.Missing;
        }
        else
        {
            using Model model = entry.Open();
            root["parameters"] = model.Parameters;
        }
        root["source"] = entry.Source;
        return root;
    }

    private static void Configure(JsonObject root, ModelConfiguration c)
    {
        root["architecture"] = c.Architecture;
        root["layers"] = c.Layers;
        root["hidden"] = c.Hidden;
        root["feedForward"] = c.FeedForward;
        root["heads"] = c.Heads;
        root["keyValueHeads"] = c.KeyValueHeads;
        root["headDimension"] = c.HeadDimension;
        root["vocabulary"] = c.Vocabulary;
        root["contextLength"] = c.ContextLength;
        root["ropeBase"] = c.RopeBase;
        if (c.SlidingWindow is int window)
            root["slidingWindow"] = window;
        if (c.Experts > 0)
        {
            root["experts"] = c.Experts;
            root["expertsUsed"] = c.ExpertsUsed;
            root["expertFeedForward"] = c.ExpertFeedForward;
        }
        root["tiedEmbeddings"] = c.TiedEmbeddings;
    }

    private static string Count(int value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
