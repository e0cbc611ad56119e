namespace Tapeout.Numerics.Tests;

public class CounterRandomTests
{
    /// <summary>The known answers published with Random123 (kat_vectors, philox4x32 10).</summary>
    [Fact]
    public void Philox_PublishedKnownAnswers()
    {
        Assert.Equal((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), CounterRandom.Philox((0, 0, 0, 0), (0, 0)));
        const uint Ones = 0xffffffff;
        Assert.Equal((0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu), CounterRandom.Philox((Ones, Ones, Ones, Ones), (Ones, Ones)));
        Assert.Equal(
            (0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u),
            CounterRandom.Philox((0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344), (0xa4093822, 0x299f31d0))
        );
    }

    [Fact]
    public void Uniform_LiesInTheUnitIntervalAndDependsOnEveryPart()
    {
        double sum = 0;
        for (uint i = 0; i < 40_000; i++)
        {
            float draw = CounterRandom.Uniform(1, 2, 3, i);
            Assert.True(draw is >= 0 and < 1);
            sum += draw;
        }
        Assert.InRange(sum / 40_000, 0.49, 0.51);
        float[] draws =
        [
            CounterRandom.Uniform(1, 2, 3, 4),
            CounterRandom.Uniform(9, 2, 3, 4),
            CounterRandom.Uniform(1 | 9UL << 32, 2, 3, 4),
            CounterRandom.Uniform(1, 9, 3, 4),
            CounterRandom.Uniform(1, 2 | 9UL << 32, 3, 4),
            CounterRandom.Uniform(1, 2, 9, 4),
            CounterRandom.Uniform(1, 2, 3, 9),
        ];
        Assert.Equal(draws.Length, draws.Distinct().Count());
    }
}
