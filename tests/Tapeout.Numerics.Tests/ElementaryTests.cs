using System.Globalization;
using System.Text.RegularExpressions;
using Tapeout.Testing;

namespace Tapeout.Numerics.Tests;

/// <summary>
/// The error table of docs/isa/elementary.md holds. The default run takes some two million inputs of each function; with
/// TAPEOUT_EXHAUSTIVE=1 every one of the 2³².
/// </summary>
public partial class ElementaryTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names =>
        [.. ElementaryError.Functions.Select(f => f.Name), .. ElementaryError.Rotations.Select(f => f.Name)];

    private static Func<ulong, double> ErrorOf(string name)
    {
        foreach (var (known, function, reference) in ElementaryError.Functions)
        {
            if (known == name)
                return ElementaryError.OfFloat(function, reference);
        }
        var rotation = ElementaryError.Rotations.Single(f => f.Name == name);
        return ElementaryError.OfTurn(rotation.Function, rotation.Reference);
    }

    private static bool IsRotation(string name) => name is "Sine" or "Cosine";

    [GeneratedRegex(@"^\| `(\w+)` \| ([0-9.]+) \| `0x([0-9A-F]+)`", RegexOptions.Multiline)]
    private static partial Regex Row();

    private static (double Ulps, ulong Input) Stated(string name)
    {
        string page = File.ReadAllText(SharedData.InRepository("docs/isa/elementary.md"));
        Match row = Row().Matches(page).Single(match => match.Groups[1].Value == name);
        return (double.Parse(row.Groups[2].Value, CultureInfo.InvariantCulture), ulong.Parse(row.Groups[3].Value, NumberStyles.HexNumber));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Function_SampledInputs_WithinTheStatedError(string name)
    {
        // 2053 is odd and prime: every exponent is visited with some 4,000 mantissas. Rotations also take low bits that are not zero.
        (double ulps, ulong input) = IsRotation(name)
            ? ElementaryError.Worst(ErrorOf(name), 12345, 0x0000_0800_1003_F1A7, 1 << 21)
            : ElementaryError.Worst(ErrorOf(name), 0, 2053, (1L << 32) / 2053);
        Assert.True(ulps <= Stated(name).Ulps, $"{name}: {ulps} ulp at 0x{input:X8}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Function_AtTheStatedWorstInput_HasTheStatedError(string name)
    {
        (double ulps, ulong input) = Stated(name);
        // The table rounds up to three decimals.
        Assert.InRange(ErrorOf(name)(input), ulps - 0.0011, ulps);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Function_EveryInput_WithinTheStatedError(string name)
    {
        if (Environment.GetEnvironmentVariable("TAPEOUT_EXHAUSTIVE") != "1")
            Assert.Skip("set TAPEOUT_EXHAUSTIVE=1 to take all 2^32 inputs (21 to 28 minutes of processor time for all)");
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        (double ulps, ulong input) = IsRotation(name)
            ? ElementaryError.Worst(ErrorOf(name), 0, 0x0000_0001_0000_0001, 1L << 32)
            : ElementaryError.Worst(ErrorOf(name), 0, 1, 1L << 32);
        string line = $"{name}: {ulps:F6} ulp at 0x{input:X8}, {watch.Elapsed.TotalSeconds:F0} s";
        output.WriteLine(line);
        Assert.True(ulps <= Stated(name).Ulps, line);
    }

    [Fact]
    public void Reference_IsFarMoreAccurateThanAnUlp()
    {
        Random random = new(11);
        for (int i = 0; i < 300; i++)
        {
            double x = (random.NextDouble() - 0.5) * (i % 3 == 0 ? 80 : 6);
            Same("Exp", Math.Exp(x), x);
            Same("Log", Math.Log(Math.Abs(x)), Math.Abs(x));
            Same("Sigmoid", ElementaryReference.Sigmoid(x), x);
            Same("Tanh", Math.Tanh(x), x);
            Same("ReciprocalSquareRoot", ElementaryReference.ReciprocalSquareRoot(Math.Abs(x)), Math.Abs(x));
            double small = (random.NextDouble() - 0.5) * 9;
            Same("Erf", ElementaryReference.Erf(small), small);
            ulong turn = (ulong)random.NextInt64() >> i % 40 + 1;
            Same("Sine", ElementaryReference.Sine(turn & ~2047UL), (turn & ~2047UL) / 18446744073709551616.0);
        }

        static void Same(string name, double value, double x)
        {
            double exact = ElementaryReference.Fixed(name, x);
            Assert.True(Math.Abs(value - exact) <= Math.Abs(exact) * Math.Pow(2, -49), $"{name}({x:R}) = {value:R}, exactly {exact:R}");
        }
    }

    [Fact]
    public void SpecialValues_AreTheStatedOnes()
    {
        float infinity = float.PositiveInfinity;
        Bits(1f, Elementary.Exp(0f));
        Bits(1f, Elementary.Exp(-0f));
        Bits(0f, Elementary.Exp(-infinity));
        Bits(0f, Elementary.Exp(-104f));
        Bits(float.Epsilon, Elementary.Exp(-103.9f));
        Bits(infinity, Elementary.Exp(88.7229f));
        Bits(infinity, Elementary.Exp(infinity));
        Bits(-infinity, Elementary.Log(-0f));
        Bits(0f, Elementary.Log(1f));
        Bits(infinity, Elementary.Log(infinity));
        Bits(FloatConversion.NaN, Elementary.Log(-float.Epsilon));
        Bits(-infinity, Elementary.Reciprocal(-0f));
        Bits(-infinity, Elementary.ReciprocalSquareRoot(-0f));
        Bits(0f, Elementary.ReciprocalSquareRoot(infinity));
        Bits(0.5f, Elementary.ReciprocalSquareRoot(4f));
        Bits(0.5f, Elementary.Sigmoid(0f));
        Bits(0f, Elementary.Sigmoid(-infinity));
        Bits(-0f, Elementary.Tanh(-0f));
        Bits(-1f, Elementary.Tanh(-infinity));
        Bits(-0f, Elementary.Erf(-0f));
        Bits(1f, Elementary.Erf(infinity));
        Bits(0f, Elementary.Sine(0));
        Bits(1f, Elementary.Cosine(0));
        Bits(0f, Elementary.Cosine(1UL << 62));
        Bits(1f, Elementary.Sine(1UL << 62));
        Bits(-1f, Elementary.Cosine(1UL << 63));
        Bits(-1f, Elementary.Sine(3UL << 62));
        Bits(-0f, Elementary.Silu(-0f));
        Bits(infinity, Elementary.GeluErf(infinity));
        Bits(30f, Elementary.Softcap(1e30f, 30f));
        float other = BitConverter.UInt32BitsToSingle(0xFFC12345);
        foreach (
            Func<float, float> function in ElementaryError
                .Functions.Select(f => f.Function)
                .Append(Elementary.Silu)
                .Append(Elementary.GeluTanh)
                .Append(Elementary.GeluErf)
        )
            Bits(FloatConversion.NaN, function(other));

        static void Bits(float expected, float actual) =>
            Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(actual));
    }

    [Fact]
    public void Activations_AreCloseToTheirFormulas()
    {
        for (float x = -12; x < 12; x += 0.0137f)
        {
            double cube = 0.7978845608028654 * (x + 0.044715 * Math.Pow(x, 3));
            Near(x / (1 + Math.Exp(-x)), Elementary.Silu(x));
            Near(0.5 * x * (1 + Math.Tanh(cube)), Elementary.GeluTanh(x));
            Near(0.5 * x * (1 + ElementaryReference.Erf(x / Math.Sqrt(2))), Elementary.GeluErf(x));
            Near(30 * Math.Tanh(x / 30), Elementary.Softcap(x, 30));
        }

        static void Near(double expected, float actual) => Assert.InRange(actual - expected, -2e-6, 2e-6);
    }
}
