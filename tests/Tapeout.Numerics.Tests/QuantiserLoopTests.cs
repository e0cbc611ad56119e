namespace Tapeout.Numerics.Tests;

public class QuantiserLoopTests
{
    /// <summary>The loops that quantise many at once, against the definition one at a time: ties, extremes, every length.</summary>
    [Theory]
    [InlineData("int8-row", 127f, -127f, 127f)]
    [InlineData("int4-row", 7f, -8f, 7f)]
    public void Quantise_AnyLength_AsOneByOne(string name, float divisor, float low, float high)
    {
        NumberFormat format = TensorCodecTests.Parse(name);
        foreach (int count in Enumerable.Range(1, 70).Append(1536))
        {
            float[][] rows =
            [
                TensorCodecTests.Normal(count, count),
                // Multiples of half a step are ties.
                [.. Enumerable.Range(0, count).Select(i => i == 0 ? -divisor : (i % 29 - 14) * 0.5f)],
                [.. Enumerable.Range(0, count).Select(i => i % 3 == 0 ? float.MaxValue : float.Epsilon)],
                new float[count],
            ];
            foreach (float[] values in rows)
            {
                TensorLayout layout = new(format, 1, count);
                byte[] packed = new byte[layout.Bytes];
                TensorCodec.Quantise(format, values, 1, count, packed);
                float scale = values.Max(MathF.Abs) / divisor;
                scale = scale == 0 ? 1 : scale;
                if (float.IsInfinity(scale * divisor))
                    scale = float.MaxValue / (divisor + 1);
                Assert.Equal(scale, TensorCodec.ReadScale(layout, packed, 0, 0));
                for (int i = 0; i < count; i++)
                    Assert.Equal(
                        Math.Clamp(MathF.Round(values[i] / scale, MidpointRounding.ToEven), low, high),
                        TensorCodec.ReadCode(layout, packed, 0, i)
                    );
            }
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Quantise_ANonFiniteValueAnywhere_IsNamed(float bad)
    {
        for (int at = 0; at < 40; at++)
        {
            float[] values = new float[40];
            values[at] = bad;
            Assert.Throws<NonFiniteValueException>(() => TensorCodec.Quantise(NumberFormat.Int8Row, values, 1, 40, new byte[64]));
        }
    }
}
