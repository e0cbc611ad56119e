using System.CommandLine;
using System.Globalization;
using Tapeout.Chips;
using Tapeout.Models;

namespace Tapeout.Cli;

/// <summary>The verbs that show what there is: chips, models, and what is inside a model file.</summary>
internal static class CatalogVerbs
{
    public static Command Chips(TextWriter output)
    {
        Command list = new("list", "Lists the chips of the catalog.");
        list.SetAction(_ =>
        {
            foreach (string name in ChipCatalog.Names(CatalogFolder.Chips))
            {
                ChipDescription chip = ChipReader.Load(name);
                output.WriteLine(
                    $"{name, -20} {chip.Tiles + " tiles", -14} {chip.TotalSram + " SRAM", -18} {chip.Clock, -10} {chip.Title}"
                );
            }
            return 0;
        });
        Argument<string> named = new("name") { Description = "A chip of the catalog or a .yaml file." };
        Command show = new("show", "Shows every figure of a chip with its source.") { named };
        show.SetAction(parsed =>
        {
            foreach (ChipFigure figure in ChipReader.Load(parsed.GetValue(named)!).Figures)
                output.WriteLine(
                    $"{figure.Path, -34} {figure.Text, -22} {figure.Confidence, -16} {string.Join("; ", figure.Sources)} {figure.Note}".TrimEnd()
                );
            return 0;
        });
        return new("chips", "The chips of the catalog.") { list, show };
    }

    public static Command Models(TextWriter output)
    {
        Command list = new("list", "Lists the shapes of the catalog.");
        list.SetAction(_ =>
        {
            foreach (string name in ModelCatalog.Names)
            {
                ModelCatalogEntry entry = ModelCatalog.Find(name);
                ModelConfiguration c = entry.Configuration;
                string note = entry.Missing.Length > 0 ? $"needs {entry.Missing}" : "";
                output.WriteLine(
                    string.Create(
                            CultureInfo.InvariantCulture,
                            $"{name, -22} {c.Layers, 4} layers  {c.Hidden, 6} hidden  {c.Vocabulary, 7} vocabulary  {note}"
                        )
                        .TrimEnd()
                );
            }
            return 0;
        });
        return new("models", "The models of the catalog.") { list };
    }

    public static Command Inspect(TextWriter output)
    {
        Argument<string> file = new("model") { Description = "A .gguf file or a name of the catalog." };
        Command command = new("inspect", "Shows what is inside a model.") { file };
        command.SetAction(parsed =>
        {
            using Model model = ModelSource.Open(parsed.GetValue(file)!);
            ModelConfiguration c = model.Configuration;
            output.WriteLine(
                $"{model.Name}: {c.Architecture}, {model.Parameters:#,0} parameters, {c.Layers} layers, hidden {c.Hidden}, {c.Heads} heads on {c.KeyValueHeads} KV heads of {c.HeadDimension}, vocabulary {c.Vocabulary}, context {c.ContextLength}"
            );
            foreach (WeightTensor weight in model.Weights.Values)
                output.WriteLine($"  {weight}");
            return 0;
        });
        return command;
    }
}
