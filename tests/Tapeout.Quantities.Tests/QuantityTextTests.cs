using CsCheck;

namespace Tapeout.Quantities.Tests;

public sealed class QuantityTextTests
{
    [Fact]
    public void Cycles_PrintThenParse_SameValue() => RoundTrip(count => new Cycles(count));

    [Fact]
    public void Bytes_PrintThenParse_SameValue() => RoundTrip(count => new Bytes(count));

    [Fact]
    public void BytesPerCycle_PrintThenParse_SameValue() => RoundTrip(count => new BytesPerCycle(count));

    [Fact]
    public void PerCycle_PrintThenParse_SameValue() => RoundTrip(count => new PerCycle(count));

    [Fact]
    public void Duration_PrintThenParse_SameValue() => RoundTrip(count => new Duration((Int128)count * 7_919));

    [Fact]
    public void Frequency_PrintThenParse_SameValue() => RoundTrip(count => new Frequency(count));

    [Fact]
    public void Bandwidth_PrintThenParse_SameValue() => RoundTrip(count => new Bandwidth(count));

    [Fact]
    public void Energy_PrintThenParse_SameValue() => RoundTrip(count => new Energy((Int128)count * 7_919));

    [Fact]
    public void EnergyPerBit_PrintThenParse_SameValue() => RoundTrip(count => new EnergyPerBit(count));

    [Fact]
    public void Power_PrintThenParse_SameValue() => RoundTrip(count => new Power(count));

    [Fact]
    public void Area_PrintThenParse_SameValue() => RoundTrip(count => new Area(count));

    [Fact]
    public void Money_PrintThenParse_SameValue() =>
        Gen.Select(Gen.Long, Gen.Int[1, 3_000_000])
            .Sample(
                (amount, day) =>
                    Money.Parse(new Money(amount, "EUR", DateOnly.FromDayNumber(day)).ToString())
                    == new Money(amount, "EUR", DateOnly.FromDayNumber(day))
            );

    [Fact]
    public void Money_LeastAmount_PrintThenParse()
    {
        Money least = new(long.MinValue, "USD", new DateOnly(2024, 1, 1));
        Assert.Equal(least, Money.Parse(least.ToString()));
    }

    [Theory]
    [InlineData("256KiB", 262_144)]
    [InlineData("100MB", 100_000_000)]
    [InlineData("80GiB", 85_899_345_920)]
    [InlineData("1.5 MiB", 1_572_864)]
    [InlineData("0B", 0)]
    public void Bytes_DecimalAndBinaryUnits(string text, long expected) => Assert.Equal(expected, Bytes.Parse(text).Count);

    [Fact]
    public void Units_AreExact()
    {
        Assert.Equal(1_350_000_000, Frequency.Parse("1.35GHz").Count);
        Assert.Equal(3_350_000_000_000, Bandwidth.Parse("3.35TB/s").Count);
        Assert.Equal(200_000, Energy.Parse("0.2pJ").Count);
        Assert.Equal(20_600, Energy.Parse("20.6fJ").Count);
        Assert.Equal(3_900_000, EnergyPerBit.Parse("3.9pJ/bit").Count);
        Assert.Equal(700_000_000, Power.Parse("700W").Count);
        Assert.Equal(814_000_000_000_000, Area.Parse("814mm2").Count);
        Assert.Equal(17_500, Area.Parse("0.0175um2").Count);
        Assert.Equal(3_000_000_000, Duration.Parse("3us").Count);
        Assert.Equal(3_000_000_000, Duration.Parse("3µs").Count);
        Assert.Equal(new DateOnly(2024, 6, 1), Money.Parse("28000.50 USD 2024-06").Date);
        Assert.Equal(28_000_500_000, Money.Parse("28000.50 USD 2024-06").Millionths);
    }

    [Fact]
    public void Cycles_PrintsWithABlank() => Assert.Equal("40 cycles", Cycles.Parse("40cycles").ToString());

    [Theory]
    [InlineData("1350000000Hz", "1.35GHz")]
    [InlineData("230000000Hz", "230MHz")]
    public void Frequency_PrintsTheShortestExactText(string text, string printed) =>
        Assert.Equal(printed, Frequency.Parse(text).ToString());

    [Theory]
    [InlineData("2097152B", "2MiB")]
    [InlineData("230000000B", "230MB")]
    [InlineData("1000001B", "1000001B")]
    [InlineData("1536KiB", "1.5MiB")]
    public void Bytes_PrintsTheShortestExactText(string text, string printed) => Assert.Equal(printed, Bytes.Parse(text).ToString());

    [Fact]
    public void Parse_Problems_SayWhatIsAllowed()
    {
        Assert.Equal(
            "'5 parsecs' is not a duration: write a number and fs, ps, ns, us, ms or s, e.g. \"5ns\".",
            Problem(() => Duration.Parse("5 parsecs"))
        );
        Assert.Equal("'5' has no unit: write a number and fs, ps, ns, us, ms or s, e.g. \"5ns\".", Problem(() => Duration.Parse("5")));
        Assert.Equal(
            "'fast' is not a frequency: write a number and Hz, kHz, MHz or GHz, e.g. \"1.35GHz\".",
            Problem(() => Frequency.Parse("fast"))
        );
        Assert.Equal(
            "'1ghz' is not a frequency: write a number and Hz, kHz, MHz or GHz, e.g. \"1.35GHz\".",
            Problem(() => Frequency.Parse("1ghz"))
        );
        Assert.Equal("'0.5B' is finer than 1B, the smallest step of a size.", Problem(() => Bytes.Parse("0.5B")));
        Assert.Equal(
            "'1000000000000000000000000000000B' is too large for a size: at most 9223372036854775807B.",
            Problem(() => Bytes.Parse("1000000000000000000000000000000B"))
        );
        Assert.Equal(
            "a text of 100 characters is not a power: write a number and uW, mW, W, kW or MW, e.g. \"700W\".",
            Problem(() => Power.Parse(new string('9', 100)))
        );
        Assert.Equal(
            "'28000 USD' lacks its date: write a number, a currency and a date, e.g. \"28000 USD 2024-06\".",
            Problem(() => Money.Parse("28000 USD"))
        );
        Assert.Equal(
            "'28000 dollars 2024' is not an amount of money: write a number, a currency and a date, e.g. \"28000 USD 2024-06\".",
            Problem(() => Money.Parse("28000 dollars 2024"))
        );
    }

    [Fact]
    public void Parse_AnyText_NeverThrowsAnythingElse() =>
        Gen.String.Sample(text =>
        {
            _ = Duration.TryParse(text, out _, out _) | Bytes.TryParse(text, out _, out _) | Money.TryParse(text, out _, out _);
            _ = Measure.TryParse(text, out _, out _);
        });

    [Fact]
    public void Measure_KeepsNumberAndUnit()
    {
        Assert.True(Measure.TryParse("138.2MTr/mm2", out Measure density, out _));
        Assert.Equal(138.2m, density.In("MTr/mm2"));
        Assert.Equal("138.2MTr/mm2", density.ToString());
        Assert.Equal("'138.2MTr/mm2' is not in W, the unit it is read in.", Problem(() => density.In("W")));
    }

    private static void RoundTrip<T>(Func<long, T> make)
        where T : struct, IQuantity<T>
    {
        Gen<long> counts = Gen.OneOf(
            Gen.Long,
            Gen.Long[0, 5000],
            Gen.Select(Gen.Long[1, 999], Gen.Int[0, 15]).Select((digits, zeros) => digits * (long)Math.Pow(10, zeros)),
            Gen.Select(Gen.Long[1, 999], Gen.Int[0, 50]).Select((digits, shift) => digits << shift)
        );
        counts.Sample(count => T.Parse(make(count).ToString()!).Equals(make(count)));
        Assert.Equal(T.Parse(T.Example), T.Parse(T.Parse(T.Example).ToString()!));
    }

    private static string Problem(Func<object?> action) => Assert.Throws<InvalidInputException>(() => action()).Message;
}
