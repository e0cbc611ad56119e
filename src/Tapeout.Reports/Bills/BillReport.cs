using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Isa;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>The bill besides time: energy, area and money, for people and as JSON. Every figure states its boundary and its band.</summary>
public static class BillReport
{
    /// <summary>Prints energy by part, area by block, cost by line.</summary>
    public static void Print(TextWriter output, Bill bill)
    {
        Energy(output, bill);
        Area(output, bill);
        Money(output, bill);
    }

    /// <summary>Writes the figures of the bill into the object that <see cref="PredictionReport.Json"/> made; unknown ones are null.</summary>
    public static void AddTo(JsonObject root, Bill bill)
    {
        JsonObject predicted = (JsonObject)root["predicted"]!;
        predicted["joulesPerToken"] = bill.JoulesPerToken is { } joules ? (double)joules.Typical : null;
        predicted["areaSquareMillimetres"] = bill.TotalSquareMillimetres is { } area ? (double)area : null;
        predicted["dollarsPerMillionTokens"] = bill.DollarsPerMillionTokens is { } dollars ? (double)dollars.Value.Typical : null;
        predicted["energy"] = bill is { Decode: { } decode, Prefill: { } prefill }
            ? new JsonObject
            {
                ["boundary"] = "card",
                ["decode"] = Phase(decode, bill),
                ["prefill"] = Phase(prefill, bill),
                ["powerLimitWatts"] = bill.Chip.Power.Tdp.TotalWatts,
                ["peakWatts"] = bill.Power?.PeakWatts,
                ["slowdown"] = new JsonObject { ["prefill"] = (double)bill.Slowdown.Prefill, ["decode"] = (double)bill.Slowdown.Decode },
            }
            : null;
        predicted["area"] = bill.Blocks is { } blocks
            ? new JsonObject
            {
                ["dieSquareMillimetres"] = Range(bill.Die!.Value),
                ["modelledSquareMillimetres"] = blocks.Total.TotalSquareMillimetres,
                ["blocks"] = new JsonArray([
                    .. blocks.Blocks.Select(b =>
                        (JsonNode)
                            new JsonObject
                            {
                                ["name"] = b.Name,
                                ["group"] = b.Group.ToString(),
                                ["squareMillimetres"] = b.Area.TotalSquareMillimetres,
                            }
                    ),
                ]),
            }
            : null;
        predicted["cost"] = bill.Cost is { } cost
            ? new JsonObject
            {
                ["currency"] = "USD",
                ["date"] = CostOptions.PriceDate.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                ["chipDollars"] = Range(cost.Total.Value),
                ["diesPerWafer"] = cost.DiesPerWafer,
                ["yield"] = (double)cost.Yield.Value.Typical,
                ["utilisation"] = (double)cost.Options.Utilisation,
                ["dollarsPerMillionTokens"] = bill.DollarsPerMillionTokens is { } perMillion ? Range(perMillion.Value) : null,
                ["lines"] = new JsonArray([
                    .. cost.Lines.Select(l => (JsonNode)new JsonObject { ["name"] = l.Name, ["dollars"] = (double)l.Value.Typical }),
                ]),
            }
            : null;
        if (bill.Unknown.Count > 0)
            predicted["unknown"] = new JsonObject(bill.Unknown.Select(u => KeyValuePair.Create(u.Key, (JsonNode?)u.Value)));
    }

    /// <summary>Joules of all lines of a phase by instruction, largest first.</summary>
    public static IEnumerable<(string Name, EnergyBand Energy)> ByInstruction(Tape tape, PhaseEnergy phase) =>
        By(phase, line => tape.Roles[line.Role].Instructions[line.ProgramCounter].Definition.Mnemonic);

    /// <summary>Joules of all lines of a phase by operator of the model, largest first.</summary>
    public static IEnumerable<(string Name, EnergyBand Energy)> ByOperator(Tape tape, PhaseEnergy phase) =>
        By(phase, line => tape.Origins[tape.Roles[line.Role].Instructions[line.ProgramCounter].Origin].Operator);

    /// <summary>A constant of a file as words: "host power" for "common.hostPower".</summary>
    internal static string Label(string name) =>
        name.Contains(' ', StringComparison.Ordinal) ? name : StepReport.Words(name.Split('.')[^1]);

    private static IEnumerable<(string Name, EnergyBand Energy)> By(PhaseEnergy phase, Func<EnergyLine, string> name) =>
        phase
            .Lines.GroupBy(line => line.Role < 0 ? Label(line.Name) : name(line))
            .Select(g => (g.Key, g.Aggregate(EnergyBand.Zero, (sum, l) => sum + l.Energy)))
            .OrderByDescending(g => g.Item2.Typical.Count);

    private static void Energy(TextWriter output, Bill bill)
    {
        if (bill is not { Decode: { } decode, Prefill: { } prefill })
        {
            output.WriteLine($"energy: unknown. {bill.Unknown.GetValueOrDefault("energy")}");
            return;
        }
        output.WriteLine("energy (typical, and the band of its constants)");
        foreach (Boundary boundary in Enum.GetValues<Boundary>())
        {
            string remark = boundary switch
            {
                Boundary.Die => "into the die",
                Boundary.Card => "into the card: die, memory, regulators",
                _ => "at the wall: cards, host share, power supply",
            };
            PredictionReport.Row(output, $"decode, {Lower(boundary)}", Text(decode.JoulesPerToken(boundary), "J/token"), remark);
        }
        PredictionReport.Row(output, "prefill, card", Text(prefill.JoulesPerToken(Boundary.Card), "J/token"), "of the prompt");
        EnergyBand card = decode.Total(Boundary.Card);
        foreach (EnergyPart part in Enum.GetValues<EnergyPart>())
        {
            EnergyBand energy = decode.Of(part, Boundary.Card);
            if (energy.Typical.Count > 0)
                PredictionReport.Row(
                    output,
                    $"  {Lower(part)}",
                    $"{Number(decode.PerToken(energy.Typical))} J/token",
                    Invariant($"{100 * energy.Typical.TotalJoules / card.Typical.TotalJoules:0.#} % of the card while decoding")
                );
        }
        double watts = decode.MeanWatts(Boundary.Card) / bill.Chips;
        string peak = bill.Power is { } power ? Invariant($"peak {power.PeakWatts:0} W") + " in a two-hundredth of a step, " : "";
        PredictionReport.Row(
            output,
            "power of a card",
            Invariant($"{watts:0} W decode, {prefill.MeanWatts(Boundary.Card) / bill.Chips:0} W prefill"),
            $"{peak}{bill.Chip.Power.Tdp} allowed"
        );
        if (bill.Slowdown != (1, 1))
            PredictionReport.Row(
                output,
                "slowed by power",
                Invariant($"× {bill.Slowdown.Decode:0.##} decode, {bill.Slowdown.Prefill:0.##} prefill"),
                "the clock falls until mean power meets power.tdp; the times above have it in them"
            );
    }

    private static void Area(TextWriter output, Bill bill)
    {
        if (bill.Blocks is not { } blocks)
        {
            output.WriteLine($"area: unknown. {bill.Unknown.GetValueOrDefault("area")}");
            return;
        }
        output.WriteLine($"area of a die (modelled in {bill.Node.Name})");
        PredictionReport.Row(
            output,
            "die",
            Text(bill.Die!.Value, "mm2"),
            bill.Die.Inputs.Count == 0
                ? Invariant($"published; the blocks below sum to {blocks.Total.TotalSquareMillimetres:0.#} mm2")
                : "sum of the blocks"
        );
        foreach (AreaBlock block in blocks.Blocks.OrderByDescending(b => b.Area.Count))
            PredictionReport.Row(
                output,
                "  " + block.Name,
                Invariant($"{block.Area.TotalSquareMillimetres:0.##} mm2"),
                Invariant($"{block.Low.TotalSquareMillimetres:0.#} to {block.High.TotalSquareMillimetres:0.#}")
            );
    }

    private static void Money(TextWriter output, Bill bill)
    {
        if (bill.Cost is not { } cost)
        {
            output.WriteLine($"money: unknown. {bill.Unknown.GetValueOrDefault("money")}");
            return;
        }
        output.WriteLine(
            $"money (USD of {CostOptions.PriceDate.ToString("yyyy-MM", CultureInfo.InvariantCulture)}, no margin, development or taxes)"
        );
        PredictionReport.Row(
            output,
            "a card",
            Text(cost.Total.Value, "USD"),
            Invariant($"{cost.DiesPerWafer} dies a wafer, yield {100 * cost.Yield.Value.Typical:0.#} % ({cost.Options.Yield})")
        );
        foreach (Timing.Figure line in cost.Lines.Where(l => l.Value.Typical > 0))
            PredictionReport.Row(output, "  " + line.Name, Invariant($"{line.Value.Typical:#,0.##} USD"), "");
        if (bill.DollarsPerMillionTokens is { } dollars)
            PredictionReport.Row(
                output,
                "a million tokens",
                Text(dollars.Value, "USD"),
                Invariant($"while decoding, {100 * cost.Options.Utilisation:0} % of the time, ")
                    + (CostModel.Price(bill.Chip) is null ? "written off from the cost of building" : "written off from the price")
            );
        if (cost.Remark is { } remark)
            output.WriteLine($"  {remark}");
    }

    private static JsonObject Phase(PhaseEnergy phase, Bill bill)
    {
        JsonObject parts = [];
        foreach (EnergyPart part in Enum.GetValues<EnergyPart>())
            parts[Camel(part)] = (double)phase.PerToken(phase.Of(part, Boundary.Card).Typical);
        return new()
        {
            ["joulesPerToken"] = Range(phase.JoulesPerToken(Boundary.Card)),
            ["dieJoulesPerToken"] = (double)phase.JoulesPerToken(Boundary.Die).Typical,
            ["systemJoulesPerToken"] = (double)phase.JoulesPerToken(Boundary.System).Typical,
            ["parts"] = parts,
            ["meanWatts"] = phase.MeanWatts(Boundary.Card) / bill.Chips,
        };
    }

    private static JsonObject Range(Band band) =>
        new()
        {
            ["low"] = (double)band.Low,
            ["typical"] = (double)band.Typical,
            ["high"] = (double)band.High,
        };

    /// <summary>A band with three digits that matter.</summary>
    public static string Text(Band band, string unit) => $"{Number(band.Typical)} {unit} ({Number(band.Low)} to {Number(band.High)})";

    /// <summary>A number with three digits that matter.</summary>
    public static string Number(decimal value)
    {
        decimal size = Math.Abs(value);
        string format = size switch
        {
            0 => "0",
            < 0.00001m => "0.##E+0",
            < 0.001m => "0.#######",
            < 0.1m => "0.####",
            < 10 => "0.##",
            < 100 => "0.#",
            _ => "#,0",
        };
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Lower(Enum value) => value.ToString().ToLowerInvariant();

    private static string Camel(EnergyPart part) => char.ToLowerInvariant(part.ToString()[0]) + part.ToString()[1..];
}
