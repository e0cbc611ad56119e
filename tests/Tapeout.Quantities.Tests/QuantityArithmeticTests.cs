namespace Tapeout.Quantities.Tests;

public sealed class QuantityArithmeticTests
{
    [Fact]
    public void Duration_FromCycles_RoundsUp()
    {
        Frequency clock = Frequency.Parse("1.83GHz");
        Assert.Equal(546_449, Duration.FromCycles(new Cycles(1), clock).Count);
        Assert.Equal(Duration.FromSeconds(1), Duration.FromCycles(new Cycles(1_830_000_000), clock));
        Assert.Equal(new Cycles(2), new Duration(546_450).ToCycles(clock));
    }

    [Fact]
    public void Transfers_RoundUp()
    {
        Assert.Equal(new Cycles(3), new BytesPerCycle(100).TimeFor(new Bytes(201)));
        Assert.Equal(new Cycles(0), new PerCycle(100).TimeFor(0));
        Assert.Equal(Duration.Parse("1ns"), Bandwidth.Parse("1GB/s").TimeFor(new Bytes(1)));
        Assert.Equal(Bandwidth.Parse("128GB/s"), Bandwidth.FromClock(new BytesPerCycle(128), Frequency.Parse("1GHz")));
    }

    [Fact]
    public void Energy_FromPowerAndBits()
    {
        Assert.Equal(Energy.Parse("700J"), Energy.From(Power.Parse("700W"), Duration.Parse("1s")));
        Assert.Equal(Energy.Parse("32pJ"), EnergyPerBit.Parse("4pJ/bit").For(new Bytes(1)));
    }

    [Fact]
    public void Overflow_Throws()
    {
        Assert.Throws<OverflowException>(() => new Bytes(long.MaxValue) + new Bytes(1));
        Assert.Throws<OverflowException>(() => Bytes.FromGibibytes(long.MaxValue));
    }

    [Fact]
    public void Money_OfTwoDates_DoesNotAdd() =>
        Assert.Throws<InvalidOperationException>(() => Money.Parse("1 USD 2024") + Money.Parse("1 USD 2025"));

    [Fact]
    public void Sourced_Select_KeepsProvenance()
    {
        Sourced<string> text = new("5ns", Confidence.Estimate, ["here"], "why", new("4ns", "6ns"));
        Sourced<Duration> time = text.Select(Duration.Parse);
        Assert.Equal(Duration.Parse("6ns"), time.Range!.Maximum);
        Assert.Equal((Confidence.Estimate, "why"), (time.Confidence, time.Note));
    }

    [Theory]
    [InlineData("clok", " (did you mean 'clock'?)")]
    [InlineData("lcock", " (did you mean 'clock'?)")]
    [InlineData("zebra", "")]
    public void DidYouMean_NearestName(string found, string expected) =>
        Assert.Equal(expected, Sentence.DidYouMean(found, ["title", "clock", "tiles"]));
}
