using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Chips.Tests;

public sealed class CatalogChipTests
{
    public static TheoryData<string> Chips => [.. ChipCatalog.Names(CatalogFolder.Chips)];

    [Fact]
    public void Catalog_HasTheChipsThatForceTheGrain() =>
        Assert.All(
            ["ideal", "reference", "groq-lpu-v1", "nvidia-h100-sxm", "taalas-hc1-like"],
            name => Assert.Contains(name, ChipCatalog.Names(CatalogFolder.Chips))
        );

    [Theory]
    [MemberData(nameof(Chips))]
    public void Chip_LoadsUnderItsOwnName(string name) => Assert.Equal(name, ChipReader.Load(name).Name);

    [Theory]
    [MemberData(nameof(Chips))]
    public void Chip_EveryFigureIsSourcedOrAnEstimate(string name)
    {
        ChipDescription chip = ChipReader.Load(name);
        Assert.True(chip.Figures.Count > 30);
        Assert.All(
            chip.Figures,
            figure =>
                Assert.True(figure.Sources.Count > 0 || figure.Confidence == Confidence.Estimate, $"{name}: {figure.Path} has no source")
        );
    }

    [Theory]
    [MemberData(nameof(Chips))]
    public void Chip_RunsTheCommonQuantisedModel(string name)
    {
        ChipDescription chip = ChipReader.Load(name);
        Assert.True(chip.Accepts(NumberFormat.Int8Row, NumberFormat.Int8Row));
        Assert.True(chip.AcceptsKv(NumberFormat.F16));
        Assert.NotNull(chip.Matrix.MacsFor(ElementType.I8, ElementType.I8));
    }

    [Fact]
    public void Ideal_IsADieThatCanBeMade()
    {
        ChipDescription chip = ChipReader.Load("ideal");
        Assert.True(chip.TotalSram >= Bytes.Parse("100MB"));
        Assert.True(chip.Die!.Area <= Area.Parse("858mm2"));
        Assert.True(chip.TotalMemory >= Bytes.Parse("96GB"));
        Assert.NotNull(chip.Attention);
        Assert.True(chip.Accepts(NumberFormat.Int4Group(32, OffsetKind.Minimum, ElementType.F16), NumberFormat.Int8Group(32)));
        Assert.False(chip.Accepts(NumberFormat.F32, NumberFormat.F32));
        Assert.True(chip.Matrix.MacsFor(ElementType.U4, ElementType.I8) > chip.Matrix.MacsFor(ElementType.I8, ElementType.I8));
    }

    [Fact]
    public void Reference_AcceptsEverything()
    {
        ChipDescription chip = ChipReader.Load("reference");
        Assert.True(chip.Accepts(NumberFormat.F32, NumberFormat.F32));
        Assert.True(chip.Accepts(NumberFormat.Int4Group(128, OffsetKind.ZeroPoint), NumberFormat.Int8Row));
        Assert.True(chip.AcceptsKv(NumberFormat.BF16));
    }

    [Fact]
    public void Headline_FiguresFollowFromTheParts()
    {
        ChipDescription gpu = ChipReader.Load("nvidia-h100-sxm");
        Assert.InRange(
            2e-12 * gpu.Matrix.MacsFor(ElementType.F16, ElementType.F16)!.Value.Count * gpu.Tiles.Count * gpu.Clock.Count,
            980,
            995
        );
        ChipDescription lpu = ChipReader.Load("groq-lpu-v1");
        Assert.InRange(
            2e-12 * lpu.Matrix.MacsFor(ElementType.I8, ElementType.I8)!.Value.Count * lpu.Tiles.Count * lpu.Clock.Count,
            730,
            755
        );
        Assert.InRange(lpu.TotalSram.Count, 230_000_000, 231_000_000);
        Assert.True(lpu.Matrix.ExplicitInstall);
        Assert.Equal(ExecutionStyle.Dynamic, gpu.Execution.Style);
    }
}
