using System.Runtime.Intrinsics;

namespace Tapeout.Numerics.Kernels;

/// <summary>Rows of several members put together element by element: partial sums of ranks, leaves of a plan. The result may be one of the rows.</summary>
public static unsafe class MemberRows
{
    /// <summary>Most rows that there is room for.</summary>
    public const int MostMembers = 256;

    private const int Width = 16;

    /// <summary>The perfect binary tree over the rows: <see cref="Sums.FoldTree"/> for each element.</summary>
    /// <param name="rows">The addresses of <paramref name="count"/> rows of float32.</param>
    /// <param name="count">A power of two up to <see cref="MostMembers"/>.</param>
    /// <param name="result">The result.</param>
    /// <param name="columns">Elements of a row.</param>
    public static void FoldTree(ReadOnlySpan<nint> rows, int count, float* result, int columns)
    {
        if (!int.IsPow2(count) || count > MostMembers)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"A tree has a power of two of rows, at most {MostMembers}.");
        Vector512<float>* nodes = stackalloc Vector512<float>[count];
        int i = 0;
        for (; i + Width <= columns; i += Width)
        {
            for (int row = 0; row < count; row++)
                nodes[row] = Vector512.Load((float*)rows[row] + i);
            for (int half = count / 2; half > 0; half /= 2)
            {
                for (int node = 0; node < half; node++)
                    nodes[node] = nodes[2 * node] + nodes[2 * node + 1];
            }
            nodes[0].Store(result + i);
        }
        Span<float> last = new(nodes, count);
        for (; i < columns; i++)
        {
            for (int row = 0; row < count; row++)
                last[row] = ((float*)rows[row])[i];
            result[i] = Sums.FoldTree(last);
        }
    }

    /// <summary>The largest of each element, the first row's where nothing is larger.</summary>
    /// <param name="rows">The addresses of <paramref name="count"/> rows of float32.</param>
    /// <param name="count">Rows.</param>
    /// <param name="result">The result.</param>
    /// <param name="columns">Elements of a row.</param>
    public static void Largest(ReadOnlySpan<nint> rows, int count, float* result, int columns)
    {
        int i = 0;
        for (; i + Width <= columns; i += Width)
        {
            Vector512<float> largest = Vector512.Load((float*)rows[0] + i);
            for (int row = 1; row < count; row++)
            {
                Vector512<float> value = Vector512.Load((float*)rows[row] + i);
                largest = Vector512.ConditionalSelect(Vector512.GreaterThan(value, largest), value, largest);
            }
            largest.Store(result + i);
        }
        for (; i < columns; i++)
        {
            float largest = ((float*)rows[0])[i];
            for (int row = 1; row < count; row++)
                largest = ((float*)rows[row])[i] > largest ? ((float*)rows[row])[i] : largest;
            result[i] = largest;
        }
    }

    /// <summary>The exact sum of each element.</summary>
    /// <param name="rows">The addresses of <paramref name="count"/> rows of int32.</param>
    /// <param name="count">Rows.</param>
    /// <param name="result">The result.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <exception cref="OverflowException">A sum leaves 32 bits.</exception>
    public static void AddIntegers(ReadOnlySpan<nint> rows, int count, int* result, int columns)
    {
        int i = 0;
        Vector512<int> overflow = default;
        for (; i + Width <= columns; i += Width)
        {
            Vector512<int> sum = default;
            for (int row = 0; row < count; row++)
            {
                Vector512<int> term = Vector512.Load((int*)rows[row] + i);
                Vector512<int> next = sum + term;
                // The sign of a sum differs from both terms' signs only if it is wrong.
                overflow |= (sum ^ next) & (term ^ next);
                sum = next;
            }
            sum.Store(result + i);
        }
        if (Vector512.LessThanAny(overflow, Vector512<int>.Zero))
            throw new OverflowException();
        for (; i < columns; i++)
        {
            int sum = 0;
            for (int row = 0; row < count; row++)
                sum = checked(sum + ((int*)rows[row])[i]);
            result[i] = sum;
        }
    }
}
