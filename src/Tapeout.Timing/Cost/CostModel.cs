using Tapeout.Chips;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// What a chip costs to build, line by line, and what a million tokens cost. Amounts are dollars of <see cref="CostOptions.PriceDate"/>
/// without the maker's margin, development or taxes; masks are spread over a stated volume.
/// </summary>
public static class CostModel
{
    private const decimal SecondsOfAYear = 365.25m * 24 * 3600;

    /// <summary>The cost of one chip on its card.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="die">The die that is paid for, mm2: measured or from <see cref="AreaModel"/>.</param>
    /// <param name="area">The blocks, for the share of the die that spare tiles can save.</param>
    /// <param name="node">The constants of its node.</param>
    /// <param name="options">Yield and volume.</param>
    /// <exception cref="InvalidInputException">The node does not know its wafer price or defect density, or the die does not fit a wafer.</exception>
    public static ChipCost Of(ChipDescription chip, Figure die, DieArea area, NodeConstants node, CostOptions options)
    {
        int dies = chip.Die?.Count ?? 1;
        Figure perWafer = DiesPerWafer(chip, die, node);
        Figure yield = Yield(chip, die, area, node, options);
        Figure wafer = node.Own("wafer", "USD");
        Figure goodDies = Figure.Product("good dies of a wafer", "", perWafer, yield);
        Figure dieCost = Figure.Product(
            "dies",
            "USD",
            Figure.Count("dies of a package", dies),
            Figure.Quotient("good die", "USD", wafer, goodDies)
        );
        List<Figure> lines = [dieCost];
        foreach (MemoryDescription memory in chip.Memory)
        {
            lines.Add(
                Figure.Product(
                    $"memory {memory.Name}",
                    "USD",
                    Figure.Count("capacity", memory.Capacity.Count / 1_000_000_000m, "GB"),
                    node.Common($"memoryPrice{memory.Kind}", "USD/GB")
                )
            );
        }
        bool interposer = dies > 1 || chip.Memory.Any(m => m.Kind == MemoryKind.Hbm);
        lines.Add(Named("package", node.Common(interposer ? "packageInterposer" : "packageOrganic", "USD")));
        Figure packaged = Figure.Sum("parts in the package", "USD", [.. lines]);
        Figure survivors = node.Common("assemblyYield", "");
        lines.Add(
            Figure.ByFormula(
                "lost in assembly",
                "USD",
                new(
                    packaged.Value.Low * (1 / survivors.Value.High - 1),
                    packaged.Value.Typical * (1 / survivors.Value.Typical - 1),
                    packaged.Value.High * (1 / survivors.Value.Low - 1)
                ),
                "parts in the package × (1 / common.assemblyYield − 1)",
                packaged,
                survivors
            )
        );
        lines.Add(Named("test", node.Common("testChip", "USD")));
        lines.Add(Named("board", node.Common("boardCard", "USD")));
        string? noMasks = node.Knows("maskSet") ? null : $"the technology node {node.Name} has no maskSet, so masks are left out";
        if (noMasks is null)
        {
            Figure masks = Figure.Product("mask set", "USD", node.Own("maskSet", "MUSD"), Figure.Count("dollars of a million", 1_000_000));
            lines.Add(Figure.Quotient("masks", "USD", masks, Figure.Count("chips made", options.Volume)));
        }
        return new()
        {
            Lines = lines,
            DiesPerWafer = (int)perWafer.Value.Typical,
            Yield = yield,
            Remark = noMasks,
            Options = options,
        };
    }

    /// <summary>
    /// Dollars per million tokens: what cards and host lose in value while they work, and their electricity. A chip with a known price is
    /// written off from that price, any other from what it costs to build.
    /// </summary>
    /// <param name="chip">The chip.</param>
    /// <param name="chips">Chips that make the tokens together.</param>
    /// <param name="cost">What one costs to build.</param>
    /// <param name="node">The constants of its node.</param>
    /// <param name="tokensPerSecond">Tokens of all chips together while they work; positive.</param>
    /// <param name="joulesPerToken">At the wall.</param>
    /// <param name="options">Utilisation.</param>
    public static Figure PerMillionTokens(
        ChipDescription chip,
        int chips,
        ChipCost cost,
        NodeConstants node,
        decimal tokensPerSecond,
        Figure joulesPerToken,
        CostOptions options
    )
    {
        Figure card = Price(chip) ?? cost.Total;
        Figure capital = Figure.Product(
            "cards and their share of hosts",
            "USD",
            Figure.Sum("card and host share", "USD", [card, node.Common("hostShare", "USD")]),
            Figure.Count("chips", chips)
        );
        Figure seconds = Figure.Product(
            "working seconds",
            "s",
            node.Common("lifetime", ""),
            Figure.Count("seconds of a year", SecondsOfAYear),
            Figure.Count("utilisation", options.Utilisation)
        );
        Figure rate = Figure.Count("tokens per second", tokensPerSecond);
        Figure million = Figure.Count("a million", 1_000_000);
        Figure tokens = Figure.Product(
            "millions of tokens of a lifetime",
            "",
            seconds,
            Figure.Quotient("millions a second", "", rate, million)
        );
        Figure writtenOff = Figure.Quotient("depreciation", "USD", capital, tokens);
        Figure energy = Figure.Product(
            "electricity",
            "USD",
            joulesPerToken,
            Figure.Quotient("kWh of a million joules", "", million, Figure.Count("joules of a kWh", 3_600_000)),
            node.Common("electricity", "USD/kWh"),
            node.Common("facility", "")
        );
        return Figure.Sum("dollars per million tokens", "USD", [writtenOff, energy]);
    }

    /// <summary>The price of the chip's file, where it has one in dollars.</summary>
    public static Figure? Price(ChipDescription chip)
    {
        if (chip.Price is not { Currency: "USD" } price)
            return null;
        Sourced<string>? figure = chip.Figures.FirstOrDefault(f => f.Path == "price")?.Figure;
        decimal Units(string text) => Money.Parse(text).Millionths / 1_000_000m;
        return Figure.Constant(
            $"{chip.Name}.price",
            "USD",
            figure is null || figure.Value != price.ToString() && figure.Range is null
                ? new(price.Millionths / 1_000_000m, figure?.Confidence ?? Confidence.Assumed, figure?.Sources ?? [], figure?.Note)
                : figure.Select(Units)
        );
    }

    private static Figure DiesPerWafer(ChipDescription chip, Figure die, NodeConstants node)
    {
        Figure scribe = node.Common("scribe", "mm");
        Figure diameter = node.Common("waferDiameter", "mm");
        int At(decimal area, decimal line)
        {
            decimal side = DieYield.Root(area) + line;
            return DieYield.DiesPerWafer(side * side, diameter.Value.Typical);
        }
        int typical = At(die.Value.Typical, scribe.Value.Typical);
        int low = Math.Max(1, At(die.Value.High, scribe.Value.High));
        int high = Math.Max(typical, At(die.Value.Low, scribe.Value.Low));
        if (typical == 0)
            throw new InvalidInputException(
                $"A die of the chip {chip.Name} has {die.Value.Typical:0.#} mm2, which does not fit a wafer of {diameter.Value.Typical} mm: use several dies, or fewer parts."
            );
        return Figure.ByFormula(
            "dies of a wafer",
            "",
            new(Math.Min(low, typical), typical, high),
            "⌊π d² / 4A − π d / √(2A)⌋ for square dies with scribe lines",
            die,
            scribe,
            diameter
        );
    }

    private static Figure Yield(ChipDescription chip, Figure die, DieArea area, NodeConstants node, CostOptions options)
    {
        Figure density = node.Own("defectDensity", "/cm2");
        int clusters = (int)Math.Max(1, node.Common("yieldClusters", "").Value.Typical);
        int spare = (chip.Die?.SpareTiles ?? 0) / (chip.Die?.Count ?? 1);
        int tiles = chip.Tiles.Count / (chip.Die?.Count ?? 1) + spare;
        decimal tileShare = area.Total.Count == 0 ? 0 : (decimal)area.Of(AreaGroup.Cores).Count / area.Total.Count;
        decimal At(decimal square, decimal defects) =>
            Math.Max(
                0.0001m,
                DieYield.WithSpares(options.Yield, square, square * tileShare, tiles, Math.Min(spare, 4096), defects, clusters)
            );
        return Figure.ByFormula(
            "yield",
            "",
            new(At(die.Value.High, density.Value.High), At(die.Value.Typical, density.Value.Typical), At(die.Value.Low, density.Value.Low)),
            options.Yield.ToString() + (spare > 0 ? $", {spare} of {tiles} tiles may be bad" : ""),
            die,
            density,
            node.Common("yieldClusters", "")
        );
    }

    private static Figure Named(string name, Figure constant) =>
        Figure.ByFormula(name, constant.Unit, constant.Value, constant.Name, constant);
}
