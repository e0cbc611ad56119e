using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Chips.Tests;

public sealed class ChipReaderTests
{
    [Fact]
    public void Hash_IgnoresLayoutCommentsAndProvenance()
    {
        ChipDescription written = ChipReader.Parse("name: mine\nextends: ideal\nclock: 1.2GHz\ntiles: 4x4\n", "a.yaml");
        ChipDescription rewritten = ChipReader.Parse(
            "# a comment\n{tiles: {value: '4 x 4', note: small}, extends: ideal, clock: 1200 MHz, \"name\": mine}\n",
            "b.yaml"
        );
        Assert.Equal(written.Hash, rewritten.Hash);
        Assert.Equal(64, written.Hash.Length);
    }

    [Fact]
    public void Hash_ChangesWithEveryValue()
    {
        string[] changes =
        [
            "clock=1.3GHz",
            "tiles=8x7",
            "sram.capacity=4MiB",
            "memory[0].capacity=96GB",
            "attention=none",
            "numerics.kvCache=[f16]",
        ];
        string[] hashes = [ChipReader.Load("ideal").Hash, .. changes.Select(c => ChipReader.Load("ideal", [c]).Hash)];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
    }

    [Fact]
    public void Hash_OfTheSameChip_IsTheSame() => Assert.Equal(ChipReader.Load("ideal").Hash, ChipReader.Load("ideal").Hash);

    [Fact]
    public void Hash_TextForm_IsSortedPathsAndTexts() =>
        Assert.Equal(
            "chips[0].chip=ideal\nchips[0].count=4\nchips[0].duty=all\nhost.bandwidth=55GB/s\nhost.kind=PCIe 5.0 x16\nhost.lanes=16\nhost.latency=1us\n"
                + "name=ideal-x4\ntitle=4 × Ideal inference chip, first design\ntopology.hopLatency=200ns\ntopology.kind=fully-connected\ntopology.link=chip\n",
            CanonicalText.Of(SystemDescription.Of(ChipReader.Load("ideal"), 4))
        );

    [Fact]
    public void Override_ChangesValueAndProvenance()
    {
        ChipDescription chip = ChipReader.Load(
            "groq-lpu-v1",
            ["tiles=1x7", "sram.capacity=22MiB", "links[0].bandwidth=20GB/s", "memory=none"]
        );
        Assert.Equal(new TileGrid(1, 7), chip.Tiles);
        Assert.Equal(Bytes.FromMebibytes(22 * 7), chip.TotalSram);
        Assert.Equal(Bandwidth.Parse("20GB/s"), chip.Links[0].Bandwidth);
        ChipFigure tiles = chip.Figures.Single(f => f.Path == "tiles");
        Assert.Equal((Confidence.Assumed, "set on the command line"), (tiles.Confidence, tiles.Note));
        ChipFigure clock = chip.Figures.Single(f => f.Path == "clock");
        Assert.Equal((Confidence.VendorPublished, "900MHz"), (clock.Confidence, clock.Text));
        Assert.Contains("ALCF", clock.Sources[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Override_CanAddASection()
    {
        ChipDescription chip = ChipReader.Load("ideal", ["rom={capacity: 1MiB, readRate: 64B/cycle}", "sram.banks=8"]);
        Assert.Equal(Bytes.FromMebibytes(64), chip.TotalRom);
        Assert.Equal(8, chip.Sram.Banks);
        ChipDescription stepwise = ChipReader.Load("ideal", ["rom.capacity=1MiB", "rom.readRate=64B/cycle", "sram.banks=8"]);
        Assert.Equal(chip.Hash, stepwise.Hash);
    }

    [Fact]
    public void Variant_InheritsSourcesButNotForNewValues()
    {
        ChipDescription chip = ChipReader.Parse("name: faster\nextends: groq-lpu-v1\nclock: 1GHz\n", "faster.yaml");
        Assert.Equal(Frequency.FromGigahertz(1), chip.Clock);
        Assert.Empty(chip.Figures.Single(f => f.Path == "clock").Sources);
        Assert.NotEmpty(chip.Figures.Single(f => f.Path == "die.area").Sources);
    }

    [Theory]
    [InlineData("int4-*", "int4-g32-min@f16", true)]
    [InlineData("int4-*", "int8-row", false)]
    [InlineData("int8-row", "int8-row", true)]
    [InlineData("int8-row", "int8-g32", false)]
    [InlineData("*@f16", "int4-g32-min@f16", true)]
    [InlineData("*", "f32", true)]
    [InlineData("int4-*-zero", "int4-g32-zero", true)]
    [InlineData("int4-*-zero", "int4-g32", false)]
    public void FormatPattern_Matches(string pattern, string format, bool matches)
    {
        Assert.True(FormatPattern.TryParse(pattern, out FormatPattern parsed, out _));
        Assert.True(NumberFormat.TryParse(format, out NumberFormat number));
        Assert.Equal(matches, parsed.Matches(number));
    }

    [Fact]
    public void Durations_AreKeptAsData()
    {
        ChipDescription chip = ChipReader.Parse(
            "name: mine\nextends: ideal\ndurations:\n  INSTALL: {formula: rows + 12, source: RTL of 2026-05}\n",
            "mine.yaml"
        );
        Assert.Equal("rows + 12", chip.Durations["INSTALL"].Formula);
    }

    /// <summary>A type that is not listed would be read as a section of keys.</summary>
    [Fact]
    public void EveryQuantity_IsReadFromOneText()
    {
        Type[] quantities =
        [
            .. typeof(Duration).Assembly.GetTypes().Where(t => t.IsValueType && t.GetInterfaces().Any(i => i.Name == "IQuantity`1")),
        ];
        Assert.True(quantities.Length >= 11);
        Assert.All(quantities, type => Assert.True(Leaf.For(type) is { IsFigure: true }, type.Name));
    }
}
