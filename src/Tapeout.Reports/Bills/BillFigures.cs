using Tapeout.Isa;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>The figures of a bill by the names that <c>tapeout explain</c> takes.</summary>
public static class BillFigures
{
    /// <summary>The figures: timeToFirstTokenSeconds, tokensPerSecond, joulesPerToken, areaSquareMillimetres, dollarsPerMillionTokens, dollarsPerChip, and every block, line and part of them.</summary>
    public static IReadOnlyDictionary<string, Figure> Of(Tape tape, Bill bill)
    {
        Dictionary<string, Figure> figures = new(StringComparer.OrdinalIgnoreCase);
        void Add(string name, Figure? figure)
        {
            if (figure is not null)
                figures.TryAdd(name, figure);
        }
        foreach ((string name, Figure time) in TimeFigures.Of(tape, bill))
            Add(name, time);
        if (bill.Decode is { } decode)
        {
            Add("joulesPerToken", Energy(tape, decode, "joulesPerToken", l => l.Boundary <= Boundary.Card));
            Add("dieJoulesPerToken", Energy(tape, decode, "dieJoulesPerToken", l => l.Boundary <= Boundary.Die));
            Add("systemJoulesPerToken", Energy(tape, decode, "systemJoulesPerToken", _ => true));
            foreach (EnergyPart part in Enum.GetValues<EnergyPart>())
                Add(
                    $"joulesPerToken.{Camel(part.ToString())}",
                    Energy(tape, decode, $"joulesPerToken.{Camel(part.ToString())}", l => l.Part == part)
                );
        }
        if (bill.Prefill is { } prefill)
            Add("prefillJoulesPerToken", Energy(tape, prefill, "prefillJoulesPerToken", l => l.Boundary <= Boundary.Card));
        if (bill.Die is { } die)
            Add(
                "areaSquareMillimetres",
                Figure.Product(
                    "areaSquareMillimetres",
                    "mm2",
                    die,
                    Figure.Count("dies of all chips", (bill.Chip.Die?.Count ?? 1) * (decimal)bill.Chips)
                )
            );
        Add("dieSquareMillimetres", bill.Die);
        Add("modelledDieSquareMillimetres", bill.Blocks?.Figure);
        foreach (AreaBlock block in bill.Blocks?.Blocks ?? [])
            Add($"area.{block.Name.Replace(' ', '-')}", block.Figure);
        Add("dollarsPerMillionTokens", bill.DollarsPerMillionTokens);
        Add("dollarsPerChip", bill.Cost?.Total);
        Add("yield", bill.Cost?.Yield);
        foreach (Figure line in bill.Cost?.Lines ?? [])
            Add($"dollarsPerChip.{line.Name.Replace(' ', '-')}", line);
        return figures;
    }

    /// <summary>Joules of a token as a sum over kinds of work, each counts times a constant; lines of one constant are taken together.</summary>
    private static Figure Energy(Tape tape, PhaseEnergy phase, string name, Func<EnergyLine, bool> fits)
    {
        List<Figure> parts = [];
        foreach (IGrouping<(string Name, Figure Cause), EnergyLine> group in phase.Lines.Where(fits).GroupBy(l => (l.Name, l.Cause)))
        {
            EnergyBand energy = group.Aggregate(EnergyBand.Zero, (sum, l) => sum + l.Energy);
            Int128 count = group.Aggregate((Int128)0, (sum, l) => sum + l.Count);
            if (energy.High.Count == 0)
                continue;
            string instructions = string.Join(
                ", ",
                group.Where(l => l.Role >= 0).Select(l => tape.Roles[l.Role].Instructions[l.ProgramCounter].Definition.Mnemonic).Distinct()
            );
            string how =
                count > 0
                    ? $"{BillReport.Number((decimal)count / phase.Tokens)} a token × {group.Key.Cause.Name}"
                        + (instructions.Length > 0 ? $", by {instructions}" : "")
                : group.Key.Cause.Unit == "W" ? "power × time of a token"
                : "share that is lost";
            parts.Add(Figure.ByFormula(group.Key.Name, "J", PerToken(phase, energy), how, group.Key.Cause));
        }
        return Figure.Sum(name, "J", [.. parts.OrderByDescending(p => p.Value.Typical)]);
    }

    private static Band PerToken(PhaseEnergy phase, EnergyBand energy) =>
        new(phase.PerToken(energy.Low), phase.PerToken(energy.Typical), phase.PerToken(energy.High));

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
