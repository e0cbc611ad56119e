using System.Globalization;
using Tapeout.Chips;
using Tapeout.Numerics;
using Tapeout.Quantities;
using Tapeout.Testing;

namespace Tapeout.Timing.Tests;

public sealed class AreaTests
{
    public static TheoryData<string> Chips => [.. ChipCatalog.Names(CatalogFolder.Chips)];

    public static TheoryData<string> Nodes =>
        [.. ChipCatalog.Names(CatalogFolder.Technology).Where(name => name.EndsWith("nm", StringComparison.Ordinal) && name != "1.6nm")];

    [Theory]
    [MemberData(nameof(Chips))]
    public void Blocks_SumToTheDieExactly(string name)
    {
        ChipDescription chip = ChipReader.Load(name);
        DieArea area = AreaModel.Of(chip, new NodeConstants(chip.Technology));
        Assert.Equal(area.Total.Count, area.Blocks.Sum(b => b.Area.Count));
        Assert.Equal(area.Total.Count, Enum.GetValues<AreaGroup>().Sum(g => area.Of(g).Count));
        Assert.All(area.Blocks, b => Assert.True(b.Low <= b.Area && b.Area <= b.High && b.Area.Count > 0, b.Name));
    }

    /// <summary>The ratios of the design: int8 1, int4 × int8 0.52, int4 0.29, ternary × int8 0.22, bf16 5.4 (energy 4.2).</summary>
    [Theory]
    [MemberData(nameof(Nodes))]
    public void Multipliers_KeepTheRatiosOfTheDesignOnEveryNode(string name)
    {
        NodeConstants node = new(name);
        decimal AreaOf(ElementType w, ElementType a) => ArithmeticUnit.Multiplier(w, a).Transistors / node.LogicDensity.Value.Typical;
        decimal EnergyOf(ElementType w, ElementType a) => EnergyConstants.Multiply(node, w, a).Value.Typical;
        (ElementType W, ElementType A, decimal Area, decimal Energy)[] pairs =
        [
            (ElementType.I4, ElementType.I8, 0.52m, 0.52m),
            (ElementType.I4, ElementType.I4, 0.29m, 0.29m),
            (ElementType.Ternary, ElementType.I8, 0.22m, 0.22m),
            (ElementType.BF16, ElementType.BF16, 5.4m, 4.2m),
        ];
        Assert.InRange(EnergyOf(ElementType.I8, ElementType.I8), 0.01m, 2m);
        foreach ((ElementType w, ElementType a, decimal area, decimal energy) in pairs)
        {
            Assert.InRange(AreaOf(w, a) / AreaOf(ElementType.I8, ElementType.I8), area * 0.85m, area * 1.15m);
            Assert.InRange(EnergyOf(w, a) / EnergyOf(ElementType.I8, ElementType.I8), energy * 0.85m, energy * 1.15m);
        }
    }

    [Fact]
    public void Nodes_ShrinkAndSaveEnergyInTheirOrder()
    {
        NodeConstants[] nodes =
        [
            .. ChipCatalog
                .Names(CatalogFolder.Technology)
                .Where(n => n.EndsWith("nm", StringComparison.Ordinal) && n != "1.6nm")
                .OrderByDescending(n => decimal.Parse(n[..^2], CultureInfo.InvariantCulture))
                .Select(n => new NodeConstants(n)),
        ];
        Assert.Equal("130nm", nodes[0].Name);
        Assert.Equal("2nm", nodes[^1].Name);
        for (int i = 1; i < nodes.Length; i++)
        {
            Assert.True(nodes[i].LogicDensity.Value.Typical > nodes[i - 1].LogicDensity.Value.Typical, nodes[i].Name);
            Assert.True(nodes[i].SramDensity.Value.Typical >= nodes[i - 1].SramDensity.Value.Typical * 0.96m, nodes[i].Name);
            Assert.True(nodes[i].EnergyScale.Value.Typical <= nodes[i - 1].EnergyScale.Value.Typical, nodes[i].Name);
            Assert.True(nodes[i].Own("wafer", "USD").Value.Typical >= nodes[i - 1].Own("wafer", "USD").Value.Typical, nodes[i].Name);
        }
    }

    [Fact]
    public void Horowitz_TheMultiplyOfFortyFiveNanometresComesOut() =>
        Assert.InRange(new NodeConstants("45nm").Int8Multiply.Value.Typical, 0.199m, 0.201m);

    [Fact]
    public void Sram_TheClosedFormOfOnePortAndLargeBanks()
    {
        ChipDescription chip = ChipReader.Load("ideal", ["sram.ports=1", "sram.banks=16"]);
        DieArea area = AreaModel.Of(chip, new NodeConstants("3nm"));
        decimal expected = 128m * 1024 * 1024 * 8 / 1_000_000 / 33.3m;
        Assert.InRange(area.Blocks.Single(b => b.Name == "SRAM").Figure.Value.Typical, expected * 0.9999m, expected * 1.0001m);
    }

    [Theory]
    [InlineData("sram.ports=4")]
    [InlineData("sram.banks=4096")]
    [InlineData("sram.capacity=4MiB")]
    [InlineData("tiles=8x9")]
    [InlineData("vector.operations=256/cycle")]
    [InlineData("matrix.slots=4")]
    [InlineData("memory[0].devices=8")]
    [InlineData("links[0].count=9")]
    [InlineData("links[0].lanes=9")]
    [InlineData("links[0].spareLinks=1")]
    [InlineData("host.lanes=17")]
    [InlineData("die.spareTiles=1")]
    public void Die_MoreOfAnythingIsLarger(string change)
    {
        NodeConstants node = new("3nm");
        Area plain = AreaModel.Of(ChipReader.Load("ideal"), node).Total;
        Assert.True(AreaModel.Of(ChipReader.Load("ideal", [change]), node).Total > plain);
    }

    /// <summary>A lane is charged for what it is, not for what it runs at.</summary>
    [Fact]
    public void Lanes_ASlowerLinkOfAsManyIsAsLarge()
    {
        NodeConstants node = new("3nm");
        Area LinksOf(params string[] changes) => AreaModel.Of(ChipReader.Load("ideal", changes), node).Of(AreaGroup.Links);
        Assert.Equal(LinksOf(), LinksOf("links[0].bandwidth=50GB/s"));
        Assert.Equal(LinksOf("links[0].count=5"), LinksOf("links[0].count=3", "links[0].spareLinks=2"));
    }

    [Fact]
    public void Die_LargerThanAnyWaferIsRefused()
    {
        ChipDescription chip = ChipReader.Load("ideal", ["tiles=1000x1000", "sram.capacity=1GiB"]);
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() => AreaModel.Of(chip, new NodeConstants("130nm")));
        Assert.Contains("use fewer tiles", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Node_WithoutDensityIsRefusedByName()
    {
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() =>
            AreaModel.Of(ChipReader.Load("ideal"), new NodeConstants("1.6nm"))
        );
        Assert.Contains("1.6nm has no constant", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// Seven constants are fitted on these two dies, so this is no proof; the H100 below is. A stack's PHY takes twice the area on the die of
    /// the MI200 that it takes on GA100, and both are charged the mean: one comes out large, the other small.
    /// </summary>
    [Fact]
    public void Photographs_TheDiesOfA100AndMi210()
    {
        string path = SharedData.PathOf("data/measured/die_area_mm2.csv");
        IReadOnlyList<ComparedDie> dies = DieAreaComparison.Of(File.ReadAllText(path));
        Assert.Equal(2, dies.Count);
        foreach (ComparedDie die in dies.Where(d => d.Reason is null))
        {
            TestContext.Current.TestOutputHelper!.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{die.Name}: {die.Predicted:0} of {die.Measured:0} mm2, {die.Error:+0.0%;-0.0%}"
                )
            );
            foreach (ComparedBlock block in die.Blocks)
                TestContext.Current.TestOutputHelper!.WriteLine(
                    string.Create(CultureInfo.InvariantCulture, $"  {block.Group, -18} {block.Predicted, 6:0.0} {block.Measured, 6:0.0}")
                );
            Assert.InRange(die.Error, -0.10m, 0.10m);
        }
    }

    [Fact]
    public void HeldOut_TheDieOfTheH100()
    {
        ChipDescription chip = ChipReader.Load("nvidia-h100-sxm");
        double modelled = AreaModel.Of(chip, new NodeConstants(chip.Technology)).Total.TotalSquareMillimetres;
        Assert.InRange(modelled / chip.Die!.Area.TotalSquareMillimetres, 0.9, 1.1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("chip,block\nA,b")]
    [InlineData("chip,block,area_mm2,source\nA,cores,many,x")]
    [InlineData("chip,block,area_mm2,source\nA")]
    public void Photographs_TablesThatAreNone(string text) => Assert.Throws<InvalidInputException>(() => DieAreaComparison.Of(text));

    [Fact]
    public void Photographs_AnUnknownDieIsNamed() =>
        Assert.Contains("X1", DieAreaComparison.Of("chip,block,area_mm2,source\nX1,cores,5,x").Single().Reason!, StringComparison.Ordinal);
}
