using System.Runtime.Intrinsics;

namespace Tapeout.Numerics.Kernels;

/// <content>What is made of a whole row: sums, largest values.</content>
public static partial class RowFunctions
{
    /// <summary>As <see cref="Sums.SumOfSquares(ReadOnlySpan{float}, in ReductionPlan)"/>.</summary>
    public static float SumOfSquares(ReadOnlySpan<float> x, in ReductionPlan plan) => Fold<SquareTerm>(x, plan);

    /// <summary>As <see cref="Sums.Sum(ReadOnlySpan{float}, in ReductionPlan)"/>.</summary>
    public static float Sum(ReadOnlySpan<float> x, in ReductionPlan plan) => Fold<PlainTerm>(x, plan);

    /// <summary>max |x| from 0 on; NaN are passed over.</summary>
    public static float LargestMagnitude(ReadOnlySpan<float> x)
    {
        int i = 0;
        Vector512<float> most = default;
        for (; i + Width <= x.Length; i += Width)
        {
            Vector512<float> magnitude = Vector512.Abs(Load(x, i));
            most = Larger(magnitude, most);
        }
        float largest = LargestLane(most, 0);
        for (; i < x.Length; i++)
            largest = MathF.Abs(x[i]) > largest ? MathF.Abs(x[i]) : largest;
        return largest;
    }

    /// <summary>max x from −∞ on; NaN are passed over.</summary>
    public static float Largest(ReadOnlySpan<float> x)
    {
        int i = 0;
        Vector512<float> most = Vector512.Create(float.NegativeInfinity);
        for (; i + Width <= x.Length; i += Width)
            most = Larger(Load(x, i), most);
        float largest = LargestLane(most, float.NegativeInfinity);
        for (; i < x.Length; i++)
            largest = x[i] > largest ? x[i] : largest;
        return largest;
    }

    /// <summary>The first place of the largest value; −1 if there is a NaN, which is neither larger nor smaller, or no value above −∞.</summary>
    public static int IndexOfLargest(ReadOnlySpan<float> x)
    {
        int i = 0;
        Vector512<float> most = Vector512.Create(float.NegativeInfinity);
        for (; i + Width <= x.Length; i += Width)
        {
            Vector512<float> values = Load(x, i);
            if (!Vector512.EqualsAll(values, values))
                return -1;
            most = Larger(values, most);
        }
        float largest = LargestLane(most, float.NegativeInfinity);
        for (; i < x.Length; i++)
        {
            if (float.IsNaN(x[i]))
                return -1;
            largest = x[i] > largest ? x[i] : largest;
        }
        return largest > float.NegativeInfinity ? IndexOf(x, largest) : -1;
    }

    /// <summary>The first place of a value that is there; of both zeros, which are equal, the first.</summary>
    private static int IndexOf(ReadOnlySpan<float> x, float value)
    {
        int i = 0;
        while (i + Width <= x.Length && !Vector512.EqualsAny(Load(x, i), Vector512.Create(value)))
            i += Width;
        while (x[i] != value)
            i++;
        return i;
    }

    /// <summary><paramref name="x"/> where it is larger, else <paramref name="most"/>: also where x is NaN.</summary>
    private static Vector512<float> Larger(Vector512<float> x, Vector512<float> most) =>
        Vector512.ConditionalSelect(Vector512.GreaterThan(x, most), x, most);

    private static float LargestLane(Vector512<float> values, float largest)
    {
        for (int lane = 0; lane < Width; lane++)
            largest = values[lane] > largest ? values[lane] : largest;
        return largest;
    }

    private static float Fold<TTerm>(ReadOnlySpan<float> x, in ReductionPlan plan)
        where TTerm : struct, ITerm
    {
        if (x.Length != plan.Length || plan.Block % Width != 0)
            return TTerm.Scalar(x, plan);
        Span<float> nodes = stackalloc float[Width];
        Span<float> lanes = stackalloc float[Width];
        int leaves = plan.Leaves;
        for (int leaf = 0; leaf < leaves; leaf++)
        {
            int end = plan.LeafStart(leaf + 1);
            int i = plan.LeafStart(leaf);
            Vector512<float> sums = default;
            for (; i + Width <= end; i += Width)
                sums = TTerm.Add(Load(x, i), sums);
            sums.CopyTo(lanes);
            // A leaf starts on a multiple of 16, so what is left of it goes to the lanes from the first.
            for (int lane = 0; i < end; i++, lane++)
                lanes[lane] = TTerm.Add(x[i], lanes[lane]);
            nodes[leaf] = Sums.FoldLanes(lanes);
        }
        return Sums.FoldTree(nodes[..leaves]);
    }

    private interface ITerm
    {
        static abstract Vector512<float> Add(Vector512<float> x, Vector512<float> sums);

        static abstract float Add(float x, float sum);

        static abstract float Scalar(ReadOnlySpan<float> x, in ReductionPlan plan);
    }

    private readonly struct SquareTerm : ITerm
    {
        public static Vector512<float> Add(Vector512<float> x, Vector512<float> sums) => Vector512.FusedMultiplyAdd(x, x, sums);

        public static float Add(float x, float sum) => MathF.FusedMultiplyAdd(x, x, sum);

        public static float Scalar(ReadOnlySpan<float> x, in ReductionPlan plan) => Sums.SumOfSquares(x, plan);
    }

    private readonly struct PlainTerm : ITerm
    {
        public static Vector512<float> Add(Vector512<float> x, Vector512<float> sums) => sums + x;

        public static float Add(float x, float sum) => sum + x;

        public static float Scalar(ReadOnlySpan<float> x, in ReductionPlan plan) => Sums.Sum(x, plan);
    }
}
