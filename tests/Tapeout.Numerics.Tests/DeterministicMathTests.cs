namespace Tapeout.Numerics.Tests;

public class DeterministicMathTests
{
    [Fact]
    public void Functions_AgreeWithTheReference()
    {
        Random random = new(5);
        for (int i = 0; i < 300; i++)
        {
            double x = (random.NextDouble() - 0.5) * 60;
            double positive = Math.ScaleB(1 + random.NextDouble(), random.Next(-60, 60));
            Assert.InRange(DeterministicMath.Exp(x) / ElementaryReference.Fixed("Exp", x) - 1, -1e-14, 1e-14);
            Assert.InRange(DeterministicMath.Log(positive) / ElementaryReference.Fixed("Log", positive) - 1, -1e-15, 1e-15);
            Assert.InRange(DeterministicMath.Pow(positive, 0.37) / Math.Pow(positive, 0.37) - 1, -1e-14, 1e-14);
        }
        Assert.Equal(0, DeterministicMath.Log(1));
        Assert.Equal(1, DeterministicMath.Exp(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => DeterministicMath.Log(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => DeterministicMath.Exp(double.NaN));
    }

    [Theory]
    [InlineData(10_000, 64)]
    [InlineData(500_000, 128)]
    public void TurnsStep_LongContext_PhaseIsExactToATenMillionth(double frequencyBase, int dimensions)
    {
        for (int i = 0; i < dimensions / 2; i++)
        {
            ulong step = DeterministicMath.TurnsStep(frequencyBase, i, dimensions);
            const uint Position = 131_071;
            double turns = Math.Pow(frequencyBase, -2.0 * i / dimensions) / (2 * Math.PI) * Position;
            double phase = unchecked(step * Position) / 18446744073709551616.0;
            double difference = phase - (turns - Math.Floor(turns));
            difference -= Math.Round(difference);
            Assert.InRange(difference, -1e-8 / (2 * Math.PI), 1e-8 / (2 * Math.PI));
        }
    }
}
