using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tapeout.Numerics.Kernels;

/// <summary>
/// Functions of rows of float32, as vector code: element by element the bits of <see cref="Elementary"/>. Source and destination may be the same row.
/// </summary>
public static partial class RowFunctions
{
    private const int Width = 16;

    /// <summary>y = silu(x).</summary>
    public static void Silu(ReadOnlySpan<float> x, Span<float> y) => Map<SiluFunction>(x, y, 0);

    /// <summary>y = 1 / (1 + exp(−x)).</summary>
    public static void Sigmoid(ReadOnlySpan<float> x, Span<float> y) => Map<SigmoidFunction>(x, y, 0);

    /// <summary>y = gelu(x) by its tanh approximation.</summary>
    public static void GeluTanh(ReadOnlySpan<float> x, Span<float> y) => Map<GeluTanhFunction>(x, y, 0);

    /// <summary>y = gelu(x) by erf.</summary>
    public static void GeluErf(ReadOnlySpan<float> x, Span<float> y) => Map<GeluErfFunction>(x, y, 0);

    /// <summary>y = max(x, 0).</summary>
    public static void Relu(ReadOnlySpan<float> x, Span<float> y) => Map<ReluFunction>(x, y, 0);

    /// <summary>y = cap · tanh(x / cap).</summary>
    public static void Softcap(ReadOnlySpan<float> x, Span<float> y, float cap) => Map<SoftcapFunction>(x, y, cap);

    /// <summary>y = x · factor.</summary>
    public static void Scale(ReadOnlySpan<float> x, Span<float> y, float factor) => Map<ScaleFunction>(x, y, factor);

    /// <summary>z = silu(x) · y.</summary>
    public static void SiluMultiply(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z) => Combine<SiluFunction>(x, y, z);

    /// <summary>z = gelu(x) · y, gelu by its tanh approximation.</summary>
    public static void GeluTanhMultiply(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z) => Combine<GeluTanhFunction>(x, y, z);

    /// <summary>z = gelu(x) · y, gelu by erf.</summary>
    public static void GeluErfMultiply(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z) => Combine<GeluErfFunction>(x, y, z);

    /// <summary>z = max(x, 0) · y.</summary>
    public static void ReluMultiply(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z) => Combine<ReluFunction>(x, y, z);

    /// <summary>z = x · y.</summary>
    public static void Multiply(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z) => Combine<IdentityFunction>(x, y, z);

    /// <summary>z = x + y.</summary>
    public static void Add(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z)
    {
        int i = 0;
        for (; i + Width <= z.Length; i += Width)
            (Load(x, i) + Load(y, i)).CopyTo(z[i..]);
        for (; i < z.Length; i++)
            z[i] = x[i] + y[i];
    }

    /// <summary>y = x · factor, or y + x · factor, nothing fused.</summary>
    public static void AddScaled(ReadOnlySpan<float> x, float factor, Span<float> y, bool starts)
    {
        if (starts)
        {
            Scale(x, y, factor);
            return;
        }
        int i = 0;
        Vector512<float> factors = Vector512.Create(factor);
        for (; i + Width <= y.Length; i += Width)
        {
            Vector512<float> term = factors * Load(x, i);
            (Load(y, i) + term).CopyTo(y[i..]);
        }
        for (; i < y.Length; i++)
        {
            float term = factor * x[i];
            y[i] += term;
        }
    }

    /// <summary>y = (x · factor) · gamma.</summary>
    public static void Norm(ReadOnlySpan<float> x, float factor, ReadOnlySpan<float> gamma, Span<float> y)
    {
        int i = 0;
        Vector512<float> factors = Vector512.Create(factor);
        for (; i + Width <= y.Length; i += Width)
            (Load(x, i) * factors * Load(gamma, i)).CopyTo(y[i..]);
        for (; i < y.Length; i++)
            y[i] = x[i] * factor * gamma[i];
    }

    /// <summary>e = exp(x − max x), y = e · 1 / Σ e: a whole row, the sum by <see cref="Sums.Sum(ReadOnlySpan{float}, in ReductionPlan)"/>.</summary>
    public static void Softmax(ReadOnlySpan<float> x, Span<float> y)
    {
        float largest = Largest(x);
        int i = 0;
        for (; i + Width <= y.Length; i += Width)
            VectorElementary.Exp(Load(x, i) - Vector512.Create(largest)).CopyTo(y[i..]);
        for (; i < y.Length; i++)
            y[i] = Elementary.Exp(x[i] - largest);
        Scale(y, y, Elementary.Reciprocal(Sum(y, new ReductionPlan(y.Length, ReductionPlan.DefaultBlock))));
    }

    /// <summary>Rotates pairs: (a, b) becomes (a · cos − b · sin, a · sin + b · cos).</summary>
    /// <param name="head">The rotary elements of a head: a and b side by side, or all a and then all b.</param>
    /// <param name="cosines">One a pair, twice side by side if interleaved.</param>
    /// <param name="sines">One a pair; interleaved −sin, sin side by side.</param>
    /// <param name="interleaved">True if a and b lie side by side.</param>
    public static void Rotate(Span<float> head, ReadOnlySpan<float> cosines, ReadOnlySpan<float> sines, bool interleaved)
    {
        int i = 0;
        if (interleaved)
        {
            for (; i + 4 <= head.Length; i += 4)
            {
                Vector128<float> pair = Vector128.Create(head.Slice(i, 4));
                Vector128<float> swapped = Vector128.Shuffle(pair, Vector128.Create(1, 0, 3, 2));
                Vector128<float> cosine = Vector128.Create(cosines.Slice(i, 4));
                (pair * cosine + swapped * Vector128.Create(sines.Slice(i, 4))).CopyTo(head[i..]);
            }
            for (; i < head.Length; i += 2)
            {
                (float a, float b) = (head[i], head[i + 1]);
                head[i] = a * cosines[i] - b * sines[i + 1];
                head[i + 1] = a * sines[i + 1] + b * cosines[i];
            }
            return;
        }
        int pairs = head.Length / 2;
        Span<float> first = head[..pairs];
        Span<float> second = head[pairs..];
        for (; i + Width <= pairs; i += Width)
        {
            Vector512<float> a = Load(first, i);
            Vector512<float> b = Load(second, i);
            Vector512<float> cosine = Load(cosines, i);
            Vector512<float> sine = Load(sines, i);
            (a * cosine - b * sine).CopyTo(first[i..]);
            (a * sine + b * cosine).CopyTo(second[i..]);
        }
        for (; i < pairs; i++)
        {
            (float a, float b) = (first[i], second[i]);
            first[i] = a * cosines[i] - b * sines[i];
            second[i] = a * sines[i] + b * cosines[i];
        }
    }

    private static void Map<TFunction>(ReadOnlySpan<float> x, Span<float> y, float parameter)
        where TFunction : struct, IRowFunction
    {
        int i = 0;
        for (; i + Width <= y.Length; i += Width)
            TFunction.Of(Load(x, i), parameter).CopyTo(y[i..]);
        for (; i < y.Length; i++)
            y[i] = TFunction.Of(x[i], parameter);
    }

    private static void Combine<TFunction>(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z)
        where TFunction : struct, IRowFunction
    {
        int i = 0;
        for (; i + Width <= z.Length; i += Width)
            (TFunction.Of(Load(x, i), 0) * Load(y, i)).CopyTo(z[i..]);
        for (; i < z.Length; i++)
            z[i] = TFunction.Of(x[i], 0) * y[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(ReadOnlySpan<float> values, int at) => Vector512.Create(values.Slice(at, Width));

    private interface IRowFunction
    {
        static abstract Vector512<float> Of(Vector512<float> x, float parameter);

        static abstract float Of(float x, float parameter);
    }

    private readonly struct IdentityFunction : IRowFunction
    {
        public static Vector512<float> Of(Vector512<float> x, float parameter) => x;

        public static float Of(float x, float parameter) => x;
    }

    private readonly struct ScaleFunction : IRowFunction
    {
        public static Vector512<float> Of(Vector512<float> x, float parameter) => x * Vector512.Create(parameter);

        public static float Of(float x, float parameter) => x * parameter;
    }

    private readonly struct SigmoidFunction : IRowFunction
    {
        public static Vector512<float> Of(Vector512<float> x, float parameter) => VectorElementary.Sigmoid(x);

        public static float Of(float x, float parameter) => Elementary.Sigmoid(x);
    }

    private readonly struct SiluFunction : IRowFunction
    {
        public static Vector512<float> Of(Vector512<float> x, float parameter) => VectorElementary.Silu(x);

        public static float Of(float x, float parameter) => Elementary.Silu(x);
    }

    private readonly struct GeluTanhFunction : IRowFunction
    {
        public static Vector512<float> Of(Vector512<float> x, float parameter) => VectorElementary.GeluTanh(x);

        public static float Of(float x, float parameter) => Elementary.GeluTanh(x);
    }

    private readonly struct GeluErfFunction : IRowFunction
    {
        public static Vector512<float> Of(Vector512<float> x, float parameter) => VectorElementary.GeluErf(x);

        public static float Of(float x, float parameter) => Elementary.GeluErf(x);
    }

    private readonly struct ReluFunction : IRowFunction
    {
        public static Vector512<float> Of(Vector512<float> x, float parameter) => VectorElementary.Relu(x);

        public static float Of(float x, float parameter) => x > 0 ? x : 0f;
    }

    private readonly struct SoftcapFunction : IRowFunction
    {
        public static Vector512<float> Of(Vector512<float> x, float parameter) => VectorElementary.Softcap(x, parameter);

        public static float Of(float x, float parameter) => Elementary.Softcap(x, parameter);
    }
}
