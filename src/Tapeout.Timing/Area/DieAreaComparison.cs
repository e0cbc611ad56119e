using System.Globalization;
using Tapeout.Chips;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// Modelled blocks of dies beside those of annotated photographs: the family "die area" of the validation. A chip of the catalog is what
/// is sold; a photograph shows the die, so what is switched off on it is switched on here.
/// </summary>
public static class DieAreaComparison
{
    private static readonly Dictionary<string, (string Chip, string[] Overrides)> Dies = new()
    {
        ["A100 (GA100)"] = (
            "nvidia-a100-sxm",
            [
                "die.spareTiles=20",
                "memory[0].devices=5",
                "memory[0].spareInterfaces=1",
                "sharedSram.capacity=48MiB",
                "sharedSram.bytesPerCycle=5120B/cycle",
                "network.linkRate=64B/cycle",
                "vector.registers=256KiB",
                "vector.doubleOperations=96/cycle",
            ]
        ),
        ["MI210 (one die of MI200)"] = ("amd-mi210", []),
    };

    private static readonly Dictionary<string, AreaGroup> Groups = new()
    {
        ["cores"] = AreaGroup.Cores,
        ["on-chip interconnect"] = AreaGroup.Network,
        ["global buffer (L2)"] = AreaGroup.SharedSram,
        ["memory PHY"] = AreaGroup.MemoryPhy,
        ["memory controllers"] = AreaGroup.MemoryController,
        ["off-chip interconnect PHY"] = AreaGroup.Links,
        ["off-chip interconnect controllers"] = AreaGroup.Links,
        ["other"] = AreaGroup.Other,
    };

    /// <summary>The dies of a table with the columns chip, block, area_mm2, source.</summary>
    /// <param name="text">The table as comma-separated values, quotes around fields with commas.</param>
    /// <exception cref="InvalidInputException">The text is not such a table.</exception>
    public static IReadOnlyList<ComparedDie> Of(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lines.Length == 0 || !lines[0].StartsWith("chip,block,area_mm2", StringComparison.Ordinal))
            throw new InvalidInputException("The table of die areas does not start with the columns chip, block and area_mm2.");
        List<(string Chip, string Block, decimal Area)> rows = [];
        foreach (string line in lines.Skip(1))
        {
            string[] cells = line.Split(',');
            if (
                cells.Length < 3
                || !decimal.TryParse(cells[2], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal area)
            )
                throw new InvalidInputException($"The row '{line}' of the table of die areas has no area in its third column.");
            rows.Add((cells[0], cells[1], area));
        }
        return [.. rows.GroupBy(r => r.Chip).Select(g => Compare(g.Key, [.. g.Select(r => (r.Block, r.Area))]))];
    }

    private static ComparedDie Compare(string name, IReadOnlyList<(string Block, decimal Area)> rows)
    {
        if (!Dies.TryGetValue(name, out (string Chip, string[] Overrides) die))
            return new(name, [], $"no chip of the catalog is the die '{name}'");
        if (!ChipCatalog.Names(CatalogFolder.Chips).Contains(die.Chip))
            return new(name, [], $"the catalog has no chip '{die.Chip}'");
        ChipDescription chip = ChipReader.Load(die.Chip, die.Overrides);
        DieArea modelled = AreaModel.Of(chip, new NodeConstants(chip.Technology));
        List<ComparedBlock> blocks = [];
        foreach (
            IGrouping<AreaGroup, (string Block, decimal Area)> group in rows.GroupBy(r =>
                Groups.GetValueOrDefault(r.Block, AreaGroup.Other)
            )
        )
        {
            blocks.Add(new(group.Key, (decimal)modelled.Of(group.Key).TotalSquareMillimetres, group.Sum(r => r.Area)));
        }
        return new(name, blocks, null);
    }
}
