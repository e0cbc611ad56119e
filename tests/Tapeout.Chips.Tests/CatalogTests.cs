using Tapeout.Quantities;

namespace Tapeout.Chips.Tests;

public sealed class CatalogTests
{
    public static TheoryData<string> Systems => [.. ChipCatalog.Names(CatalogFolder.Systems)];

    public static TheoryData<string> Stacks => [.. ChipCatalog.Names(CatalogFolder.Software)];

    public static TheoryData<string> Nodes => [.. ChipCatalog.Names(CatalogFolder.Technology)];

    [Theory]
    [MemberData(nameof(Systems))]
    public void System_LoadsWithItsChips(string name)
    {
        SystemDescription system = SystemDescription.Load(name);
        Assert.Equal(name, system.Name);
        Assert.All(system.Chips, member => Assert.Equal(member.Chip, member.Description.Name));
        Sourced(name, system.Figures);
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void SoftwareStack_Loads(string name)
    {
        SoftwareStack stack = SoftwareStack.Load(name);
        Assert.Equal(name, stack.Name);
        Sourced(name, stack.Figures);
    }

    [Theory]
    [MemberData(nameof(Nodes))]
    public void TechnologyNode_Loads(string name)
    {
        TechnologyNode node = TechnologyNode.Load(name);
        Assert.Equal(name, node.Name);
        Sourced(name, node.Figures);
    }

    [Fact]
    public void Chips_NameTechnologyNodesOfTheCatalog() =>
        Assert.All(
            ChipCatalog.Names(CatalogFolder.Chips),
            name => Assert.Contains(ChipReader.Load(name).Technology, ChipCatalog.Names(CatalogFolder.Technology))
        );

    [Fact]
    public void TechnologyNode_FindsQuantitiesWithTheirProvenance()
    {
        TechnologyNode node = TechnologyNode.Load("3nm");
        Assert.Equal(Energy.Parse("48fJ"), node.Find<Energy>("int8Mac").Value);
        Assert.Equal(216m, node.Find("logicPeak", "MTr/mm2").Range!.Maximum);
        Assert.Equal(EnergyPerBit.Parse("3.44pJ/bit"), TechnologyNode.Load("common").Find<EnergyPerBit>("deviceHbm3e").Value);
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() =>
            TechnologyNode.Load("2nm").Find("defectDensity", "/cm2")
        );
        Assert.Equal(
            "The technology node 2nm has no constant 'defectDensity': it is unknown there, so choose another node or set it.",
            refusal.Message
        );
    }

    [Fact]
    public void TechnologyNode_AgreesWithTheTableOfFacts()
    {
        using System.Text.Json.JsonDocument facts = System.Text.Json.JsonDocument.Parse(File.ReadAllText(SharedDataPath));
        foreach (string name in new[] { "7nm", "6nm", "5nm", "4nm", "3nm", "2nm" })
        {
            TechnologyNode node = TechnologyNode.Load(name);
            System.Text.Json.JsonElement row = facts.RootElement.GetProperty("nodes").GetProperty(name);
            Assert.Equal(row.GetProperty("wafer_usd").GetProperty("value").GetDecimal(), node.Find("wafer", "USD").Value);
            Assert.Equal(row.GetProperty("sram_hd_bitcell_um2").GetProperty("value").GetDecimal(), node.Find("sramBitCell", "um2").Value);
        }
    }

    [Fact]
    public void SystemOf_SeveralChipsWithoutLinks()
    {
        ChipDescription alone = ChipReader.Load("ideal", ["links=none"]);
        Assert.Equal(1, SystemDescription.Of(alone).ChipCount);
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() => SystemDescription.Of(alone, 4));
        Assert.Equal(
            "A system of 4 chips needs links, and the chip ideal has none: use 1 chip, or add links to its file.",
            refusal.Message
        );
        Assert.Throws<InvalidInputException>(() => SystemDescription.Of(alone, 0));
    }

    [Fact]
    public void System_ProblemsOfItsChipsAreReportedTogether()
    {
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() =>
            SystemDescription.Parse(
                "name: s\ntitle: S\nsoftware: ncl-graphs\nchips: [{chip: idael, count: 2}, {chip: ideal, count: 2}]\ntopology: {kind: ring, link: wire, hopLatency: 1us}\n",
                "s.yaml"
            )
        );
        Assert.Equal(3, refusal.Problems.Count);
        Assert.Contains("s.yaml: chips: the chip ideal has no link class 'wire', which the topology uses: it has chip.", refusal.Problems);
        Assert.Contains(
            $"s.yaml: software: there is no software stack 'ncl-graphs' (did you mean 'nccl-graphs'?): the catalog has {Sentence.Enumeration(ChipCatalog.Names(CatalogFolder.Software))}.",
            refusal.Problems
        );
    }

    [Fact]
    public void System_HashFollowsItsChips()
    {
        string plain = SystemDescription.Of(ChipReader.Load("ideal"), 2).Hash;
        Assert.NotEqual(plain, SystemDescription.Of(ChipReader.Load("ideal", ["clock=1GHz"]), 2).Hash);
        Assert.Equal(plain, SystemDescription.Of(ChipReader.Load("ideal"), 2).Hash);
    }

    private static string SharedDataPath => Testing.SharedData.PathOf("data/facts/technology.json");

    private static void Sourced(string name, IReadOnlyList<ChipFigure> figures)
    {
        Assert.NotEmpty(figures);
        // An element of a plain list has no place for a source: what the list is about has one.
        Assert.All(
            figures.Where(f => !f.Path.StartsWith("library.tiles[", StringComparison.Ordinal)),
            f => Assert.True(f.Sources.Count > 0 || f.Confidence == Confidence.Estimate, $"{name}: {f.Path} has no source")
        );
    }
}
