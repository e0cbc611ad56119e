using System.CommandLine;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary><c>tapeout chips</c>: the chips of the catalog, and every figure of one with its source.</summary>
internal static class ChipsVerb
{
    public static Command Create(TextWriter output)
    {
        Option<bool> listJson = new("--json") { Description = "Prints a JSON list." };
        Command list = new("list", "Lists the chips of the catalog.") { listJson };
        list.SetAction(parsed =>
        {
            ChipDescription[] chips = [.. ChipCatalog.Names(CatalogFolder.Chips).Select(name => ChipReader.Load(name))];
            if (parsed.GetValue(listJson))
            {
                JsonOutput.Write(output, new JsonArray([.. chips.Select(Summary)]));
                return 0;
            }
            ConsoleTable table = new("chip", ">tiles", ">SRAM", ">memory", ">clock", "title");
            foreach (ChipDescription chip in chips)
            {
                table.Add(
                    chip.Name,
                    $"{chip.Tiles.Count}",
                    $"{chip.TotalSram}",
                    chip.Memory.Count == 0 ? "none" : $"{chip.TotalMemory}",
                    $"{chip.Clock}",
                    chip.Title
                );
            }
            table.Write(output);
            return 0;
        });
        Argument<string> named = new("name") { Description = "A chip of the catalog or a .yaml file." };
        Option<string[]> set = CommonOptions.SetOption();
        Option<bool> showJson = new("--json") { Description = "Prints one JSON object." };
        Command show = new("show", "Shows every figure of a chip with its source.") { named, set, showJson };
        show.SetAction(parsed =>
        {
            ChipDescription chip = ChipReader.Load(parsed.GetValue(named)!, parsed.GetValue(set));
            if (parsed.GetValue(showJson))
            {
                JsonObject root = Summary(chip);
                root["hash"] = chip.Hash;
                root["figures"] = new JsonArray([.. chip.Figures.Select(Figure)]);
                root["durations"] = new JsonObject([
                    .. chip.Durations.Select(d =>
                        KeyValuePair.Create(
                            d.Key,
                            (JsonNode?)new JsonObject { ["formulaCycles"] = d.Value.Formula, ["source"] = d.Value.Source }
                        )
                    ),
                ]);
                JsonOutput.Write(output, root);
                return 0;
            }
            output.WriteLine($"{chip.Name}: {chip.Title} ({chip.Vendor}, {chip.Technology})");
            ConsoleTable table = new("figure", "value", "confidence", "source");
            foreach (ChipFigure figure in chip.Figures)
            {
                table.Add(
                    figure.Path,
                    figure.Text + Band(figure),
                    Name(figure.Confidence),
                    string.Join("; ", figure.Sources.Append(figure.Note).Where(text => !string.IsNullOrEmpty(text)))
                );
            }
            foreach ((string instruction, DurationOverride duration) in chip.Durations)
                table.Add($"durations.{instruction}", $"{duration.Formula} cycles", "", duration.Source);
            table.Write(output);
            return 0;
        });
        return new("chips", "The chips of the catalog.") { list, show };
    }

    private static JsonObject Summary(ChipDescription chip) =>
        new()
        {
            ["name"] = chip.Name,
            ["title"] = chip.Title,
            ["vendor"] = chip.Vendor,
            ["technology"] = chip.Technology,
            ["tiles"] = chip.Tiles.Count,
            ["clockHertz"] = chip.Clock.Count,
            ["sramBytes"] = chip.TotalSram.Count,
            ["romBytes"] = chip.TotalRom.Count,
            ["memoryBytes"] = chip.TotalMemory.Count,
        };

    private static JsonObject Figure(ChipFigure figure) =>
        new()
        {
            ["path"] = figure.Path,
            ["value"] = figure.Text,
            ["minimum"] = figure.Figure.Range?.Minimum,
            ["maximum"] = figure.Figure.Range?.Maximum,
            ["confidence"] = Name(figure.Confidence),
            ["sources"] = new JsonArray([.. figure.Sources.Select(s => (JsonNode)s)]),
            ["note"] = figure.Note,
        };

    private static string Band(ChipFigure figure) => figure.Figure.Range is { } range ? $" ({range.Minimum} to {range.Maximum})" : "";

    /// <summary>As files write it: vendor-published.</summary>
    private static string Name(Confidence confidence) =>
        string.Concat(confidence.ToString().Select((c, i) => char.IsUpper(c) ? $"{(i > 0 ? "-" : "")}{char.ToLowerInvariant(c)}" : $"{c}"));
}
