using System.Runtime.Intrinsics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Numerics.Tests.Kernels;

/// <summary>Row functions as vector code against the scalar functions, bit for bit.</summary>
public sealed class RowFunctionTests
{
    private delegate void VectorFunction(ReadOnlySpan<float> x, Span<float> y);

    public static TheoryData<string> Functions => [.. ByName.Keys];

    private static Dictionary<string, (VectorFunction Vector, Func<float, float> Scalar)> ByName { get; } =
        new()
        {
            ["exponential"] = (Exponential, Elementary.Exp),
            ["sigmoid"] = (RowFunctions.Sigmoid, Elementary.Sigmoid),
            ["silu"] = (RowFunctions.Silu, Elementary.Silu),
            ["gelu by tanh"] = (RowFunctions.GeluTanh, Elementary.GeluTanh),
            ["gelu by erf"] = (RowFunctions.GeluErf, Elementary.GeluErf),
            ["relu"] = (RowFunctions.Relu, x => x > 0 ? x : 0f),
            ["softcap"] = ((x, y) => RowFunctions.Softcap(x, y, 30), x => Elementary.Softcap(x, 30)),
            ["scale"] = ((x, y) => RowFunctions.Scale(x, y, 0.37f), x => x * 0.37f),
        };

    /// <summary>No function of rows shows all of it: denormal results are lost in sums.</summary>
    private static void Exponential(ReadOnlySpan<float> x, Span<float> y)
    {
        Span<float> sixteen = stackalloc float[16];
        for (int i = 0; i < x.Length; i += 16)
        {
            int count = Math.Min(16, x.Length - i);
            x.Slice(i, count).CopyTo(sixteen);
            VectorElementary.Exp(Vector512.Create<float>(sixteen)).CopyTo(sixteen);
            sixteen[..count].CopyTo(y[i..]);
        }
    }

    /// <summary>Every 4,093rd pattern of bits (a prime, so that all mantissas take part) and the special values; all patterns if asked for.</summary>
    [Theory]
    [MemberData(nameof(Functions))]
    public void Function_PatternsOfAllExponents_BitsOfTheScalarFunction(string name)
    {
        (VectorFunction vector, Func<float, float> scalar) = ByName[name];
        bool all = Environment.GetEnvironmentVariable("TAPEOUT_EXHAUSTIVE") == "1";
        const int Length = 4096 + 5;
        float[] x = new float[Length];
        float[] y = new float[Length];
        long step = all ? 1 : 4093;
        for (long next = 0; next <= uint.MaxValue; )
        {
            for (int i = 0; i < Length; i++, next += step)
                x[i] = BitConverter.UInt32BitsToSingle((uint)Math.Min(next, uint.MaxValue));
            vector(x, y);
            for (int i = 0; i < Length; i++)
            {
                if (BitConverter.SingleToUInt32Bits(scalar(x[i])) != BitConverter.SingleToUInt32Bits(y[i]))
                    Assert.Fail($"{name}({x[i]:R}) is {y[i]:R} as vector code, {scalar(x[i]):R} as scalar code.");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(64)]
    [InlineData(577)]
    [InlineData(1536)]
    public void RowsOfAnyLength_BitsOfTheScalarFunctions(int length)
    {
        Random random = new(length);
        float[] x = Values();
        float[] y = Values();
        float[] z = new float[length];
        RowFunctions.SiluMultiply(x, y, z);
        AssertBits(i => Elementary.Silu(x[i]) * y[i]);
        RowFunctions.GeluTanhMultiply(x, y, z);
        AssertBits(i => Elementary.GeluTanh(x[i]) * y[i]);
        RowFunctions.GeluErfMultiply(x, y, z);
        AssertBits(i => Elementary.GeluErf(x[i]) * y[i]);
        RowFunctions.ReluMultiply(x, y, z);
        AssertBits(i => (x[i] > 0 ? x[i] : 0f) * y[i]);
        RowFunctions.Multiply(x, y, z);
        AssertBits(i => x[i] * y[i]);
        RowFunctions.Add(x, y, z);
        AssertBits(i => x[i] + y[i]);
        float[] sums = [.. z];
        RowFunctions.AddScaled(x, 0.37f, z, starts: false);
        AssertBits(i =>
        {
            float term = 0.37f * x[i];
            return sums[i] + term;
        });
        RowFunctions.AddScaled(x, 0.37f, z, starts: true);
        AssertBits(i => x[i] * 0.37f);
        RowFunctions.Norm(x, 0.77f, y, z);
        AssertBits(i => x[i] * 0.77f * y[i]);
        ReductionPlan plan = new(length, ReductionPlan.DefaultBlock);
        Assert.Equal(Sums.SumOfSquares(x, plan), RowFunctions.SumOfSquares(x, plan));
        RowFunctions.Softmax(x, z);
        float[] e = [.. x.Select(value => Elementary.Exp(value - x.Max()))];
        float factor = Elementary.Reciprocal(Sums.Sum(e, plan));
        AssertBits(i => e[i] * factor);

        float[] Values() => [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() * 8 - 4))];

        void AssertBits(Func<int, float> expected) =>
            Assert.Equal(
                Enumerable.Range(0, length).Select(i => BitConverter.SingleToUInt32Bits(expected(i))),
                z.Select(BitConverter.SingleToUInt32Bits)
            );
    }

    /// <summary>Rows that end inside a vector: which lane a term is added in decides the rounding, so that one row alone may not tell.</summary>
    [Fact]
    public void SumOfSquares_TailsOfManyRows_BitsOfTheScalarSum()
    {
        Random random = new(3);
        for (int length = 17; length < 300; length++)
        {
            float[] x = [.. Enumerable.Range(0, length).Select(_ => (float)Math.Exp(random.NextDouble() * 12 - 6))];
            ReductionPlan plan = new(length, ReductionPlan.DefaultBlock);
            Assert.Equal(Sums.SumOfSquares(x, plan), RowFunctions.SumOfSquares(x, plan));
            Assert.Equal(Sums.Sum(x, plan), RowFunctions.Sum(x, plan));
        }
    }

    /// <summary>Loops as the definitions have them; NaN, infinities and equal values at every place of a vector and behind it.</summary>
    [Fact]
    public void Largest_NaNAndTiesEverywhere_AsTheScalarLoops()
    {
        Random random = new(4);
        float[] special = [float.NaN, float.NegativeInfinity, float.PositiveInfinity, -0f, 0f];
        for (int length = 0; length < 70; length++)
        {
            for (int turn = 0; turn < 40; turn++)
            {
                float[] x = [.. Enumerable.Range(0, length).Select(_ => MathF.Round(random.NextSingle() * 6 - 3))];
                for (int i = turn % 3; i > 0 && length > 0; i--)
                    x[random.Next(length)] = special[random.Next(special.Length)];
                float magnitude = 0;
                float largest = float.NegativeInfinity;
                int first = -1;
                for (int i = 0; i < length; i++)
                {
                    magnitude = MathF.Abs(x[i]) > magnitude ? MathF.Abs(x[i]) : magnitude;
                    if (x[i] > largest)
                        (largest, first) = (x[i], i);
                }
                Assert.Equal(magnitude, RowFunctions.LargestMagnitude(x));
                Assert.Equal(largest, RowFunctions.Largest(x));
                Assert.Equal(x.Any(float.IsNaN) ? -1 : first, RowFunctions.IndexOfLargest(x));
            }
        }
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(6, true)]
    [InlineData(64, true)]
    [InlineData(2, false)]
    [InlineData(64, false)]
    [InlineData(88, false)]
    public void Rotate_BothPairings_BitsOfTheFormula(int length, bool interleaved)
    {
        Random random = new(length);
        float[] x = [.. Enumerable.Range(0, length).Select(_ => random.NextSingle() - 0.5f)];
        float[] cosine = [.. Enumerable.Range(0, length / 2).Select(_ => random.NextSingle() * 2 - 1)];
        float[] sine = [.. Enumerable.Range(0, length / 2).Select(_ => random.NextSingle() * 2 - 1)];
        float[] y = [.. x];
        if (interleaved)
            RowFunctions.Rotate(y, [.. cosine.SelectMany(c => new[] { c, c })], [.. sine.SelectMany(s => new[] { -s, s })], true);
        else
            RowFunctions.Rotate(y, cosine, sine, false);
        for (int pair = 0; pair < length / 2; pair++)
        {
            int first = interleaved ? 2 * pair : pair;
            int second = interleaved ? first + 1 : first + length / 2;
            Assert.Equal(x[first] * cosine[pair] - x[second] * sine[pair], y[first]);
            Assert.Equal(x[first] * sine[pair] + x[second] * cosine[pair], y[second]);
        }
    }
}
