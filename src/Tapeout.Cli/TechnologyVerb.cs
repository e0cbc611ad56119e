using System.CommandLine;
using System.Globalization;
using Tapeout.Chips;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary><c>tapeout technology</c>: the process nodes and every constant of one with its source, range and confidence.</summary>
internal static class TechnologyVerb
{
    public static Command Create(TextWriter output)
    {
        Command list = new("list", "Lists the process nodes, oldest first.");
        list.SetAction(_ =>
        {
            output.WriteLine($"{"node", -8} {"logic", -14} {"SRAM cell", -12} {"wafer", -11} {"defects", -9} {"energy", -8} constants");
            foreach (TechnologyNode node in Nodes())
                output.WriteLine(
                    $"{node.Name, -8} {Text(node, "logicPeak"), -14} {Text(node, "sramBitCell"), -12} {Text(node, "wafer"), -11} {Text(node, "defectDensity"), -9} {Text(node, "energyScale"), -8} {node.Constants.Count}"
                );
            output.WriteLine(
                "energy: of an operation against 7 nm; ?: unknown; 'tapeout technology show common' has what belongs to no node"
            );
            return 0;
        });
        Argument<string> named = new("name") { Description = "A node of the catalog, common, or a .yaml file." };
        Command show = new("show", "Shows every constant of a node with its confidence, range and sources.") { named };
        show.SetAction(parsed =>
        {
            TechnologyNode node = TechnologyNode.Load(parsed.GetValue(named)!);
            output.WriteLine($"{node.Name}: {node.Title}");
            foreach (ChipFigure figure in node.Figures.Where(f => f.Path.StartsWith("constants.", StringComparison.Ordinal)))
            {
                SourcedRange<string>? range = figure.Figure.Range;
                string band = range is null ? "" : $"{range.Minimum} to {range.Maximum}";
                output.WriteLine(
                    $"  {figure.Path["constants.".Length..], -26} {figure.Text, -16} {band, -28} {Confidence(figure.Confidence), -16} {string.Join("; ", figure.Sources)}{(figure.Note is null ? "" : $" ({figure.Note})")}".TrimEnd()
                );
            }
            return 0;
        });
        return new("technology", "The process nodes and their constants.") { list, show };
    }

    private static IEnumerable<TechnologyNode> Nodes() =>
        ChipCatalog
            .Names(CatalogFolder.Technology)
            .Where(name => name.EndsWith("nm", StringComparison.Ordinal))
            .OrderByDescending(name => decimal.Parse(name[..^2], CultureInfo.InvariantCulture))
            .Select(name => TechnologyNode.Load(name));

    private static string Text(TechnologyNode node, string constant) =>
        node.Constants.TryGetValue(constant, out Measure measure) ? measure.ToString() : "?";

    private static string Confidence(Confidence confidence) =>
        confidence switch
        {
            Quantities.Confidence.VendorPublished => "vendor-published",
            Quantities.Confidence.ThirdParty => "third-party",
            _ => confidence.ToString().ToLowerInvariant(),
        };
}
