using System.Buffers;
using System.Runtime.Intrinsics;

namespace Tapeout.Numerics.Kernels;

/// <summary>The largest values of a row with their places, and their order: by falling value, equal ones by rising number.</summary>
public static class Candidates
{
    private const int Width = 16;

    /// <summary>Candidates up to which each is put into its place; beyond that sorting is quicker: 512 of 49,152 take 0.7 ms, sorting 3 ms (estimate).</summary>
    private const int MostInserted = 512;

    /// <summary>
    /// The <paramref name="count"/> largest values of a row, from the largest; of equal ones those in front. Places without a value hold −∞ and int.MaxValue.
    /// A NaN is larger than nothing.
    /// </summary>
    /// <param name="x">The row.</param>
    /// <param name="first">The number of its first element.</param>
    /// <param name="count">Most values, at least 1.</param>
    /// <param name="values">At least <paramref name="count"/> values.</param>
    /// <param name="ids">Their numbers.</param>
    public static void Largest(ReadOnlySpan<float> x, int first, int count, Span<float> values, Span<int> ids)
    {
        values.Fill(float.NegativeInfinity);
        ids.Fill(int.MaxValue);
        if (count == 1 && RowFunctions.IndexOfLargest(x) is >= 0 and int largest)
        {
            values[0] = x[largest];
            ids[0] = first + largest;
        }
        else if (count <= MostInserted || !TrySort(x, first, count, values, ids))
        {
            Insert(x, first, count, values, ids);
        }
    }

    /// <summary>The number of the largest value; of equal ones the lowest number. int.MaxValue if no value that is a number has one.</summary>
    /// <param name="values">The values; NaN are passed over.</param>
    /// <param name="ids">Their numbers; int.MaxValue for places without a value.</param>
    public static int Best(ReadOnlySpan<float> values, ReadOnlySpan<int> ids)
    {
        Vector512<float> most = Vector512.Create(float.NegativeInfinity);
        Vector512<int> best = Vector512.Create(int.MaxValue);
        Vector512<int> absent = best;
        int i = 0;
        for (; i + Width <= values.Length; i += Width)
        {
            Vector512<float> x = Vector512.Create(values.Slice(i, Width));
            Vector512<int> id = Vector512.Create(ids.Slice(i, Width));
            Vector512<int> isBetter =
                Vector512.GreaterThan(x, most).AsInt32() | (Vector512.Equals(x, most).AsInt32() & Vector512.LessThan(id, best));
            isBetter = Vector512.AndNot(isBetter, Vector512.Equals(id, absent));
            most = Vector512.ConditionalSelect(isBetter.AsSingle(), x, most);
            best = Vector512.ConditionalSelect(isBetter, id, best);
        }
        float largest = float.NegativeInfinity;
        int number = int.MaxValue;
        for (int lane = 0; lane < Width; lane++)
            Take(most[lane], best[lane], ref largest, ref number);
        for (; i < values.Length; i++)
            Take(values[i], ids[i], ref largest, ref number);
        return number;
    }

    /// <summary>
    /// Sorts candidates by falling value, equal ones by rising number; those without a value are left out.
    /// </summary>
    /// <param name="values">The values; overwritten with the sorted ones, a zero of either sign as +0.</param>
    /// <param name="ids">Their numbers; overwritten.</param>
    /// <returns>How many there are; −1 if one is NaN, and then nothing is written.</returns>
    public static int Sort(Span<float> values, Span<int> ids)
    {
        ulong[] keys = ArrayPool<ulong>.Shared.Rent(Math.Max(1, values.Length));
        int held = 0;
        bool isNumber = true;
        for (int i = 0; i < values.Length; i++)
        {
            if (ids[i] == int.MaxValue)
                continue;
            isNumber &= !float.IsNaN(values[i]);
            keys[held++] = (ulong)Order(values[i]) << 32 | unchecked((uint)ids[i]) ^ 0x80000000;
        }
        if (isNumber)
        {
            keys.AsSpan(0, held).Sort();
            for (int i = 0; i < held; i++)
            {
                values[i] = Value((uint)(keys[i] >> 32));
                ids[i] = unchecked((int)(uint)keys[i] ^ int.MinValue);
            }
        }
        ArrayPool<ulong>.Shared.Return(keys);
        return isNumber ? held : -1;
    }

    /// <summary>w = exp(value / temperature − largest), element by element.</summary>
    public static void Weights(ReadOnlySpan<float> values, float temperature, float largest, Span<float> weights)
    {
        int i = 0;
        for (; i + Width <= weights.Length; i += Width)
        {
            Vector512<float> x = Vector512.Create(values.Slice(i, Width)) / Vector512.Create(temperature);
            VectorElementary.Exp(x - Vector512.Create(largest)).CopyTo(weights[i..]);
        }
        for (; i < weights.Length; i++)
            weights[i] = Elementary.Exp(values[i] / temperature - largest);
    }

    private static void Take(float value, int id, ref float largest, ref int number)
    {
        if (id == int.MaxValue || !(value > largest || (value == largest && id < number)))
            return;
        largest = value;
        number = id;
    }

    /// <summary>Each value that is larger than the last one held goes to its place; the others are passed over sixteen at a time.</summary>
    private static void Insert(ReadOnlySpan<float> x, int first, int count, Span<float> values, Span<int> ids)
    {
        int held = 0;
        int i = 0;
        for (; i < x.Length && held < count; i++)
            Place(x[i], first + i, held++, values, ids);
        for (; i + Width <= x.Length; i += Width)
        {
            if (!Vector512.GreaterThanAny(Vector512.Create(x.Slice(i, Width)), Vector512.Create(values[count - 1])))
                continue;
            for (int j = i; j < i + Width; j++)
            {
                if (x[j] > values[count - 1])
                    Place(x[j], first + j, count - 1, values, ids);
            }
        }
        for (; i < x.Length; i++)
        {
            if (x[i] > values[count - 1])
                Place(x[i], first + i, count - 1, values, ids);
        }
    }

    /// <summary>Numbers come in rising order, so an equal value goes behind those that are there.</summary>
    private static void Place(float value, int id, int place, Span<float> values, Span<int> ids)
    {
        for (; place > 0 && value > values[place - 1]; place--)
        {
            values[place] = values[place - 1];
            ids[place] = ids[place - 1];
        }
        values[place] = value;
        ids[place] = id;
    }

    private static bool TrySort(ReadOnlySpan<float> x, int first, int count, Span<float> values, Span<int> ids)
    {
        ulong[] keys = ArrayPool<ulong>.Shared.Rent(Math.Max(1, x.Length));
        bool isNumber = true;
        for (int i = 0; i < x.Length; i++)
        {
            isNumber &= !float.IsNaN(x[i]);
            keys[i] = (ulong)Order(x[i]) << 32 | (uint)i;
        }
        if (isNumber)
        {
            keys.AsSpan(0, x.Length).Sort();
            for (int i = 0; i < Math.Min(count, x.Length); i++)
            {
                int place = unchecked((int)(uint)keys[i]);
                values[i] = x[place];
                ids[i] = first + place;
            }
        }
        ArrayPool<ulong>.Shared.Return(keys);
        return isNumber;
    }

    /// <summary>A number that rises as the value falls; the same for both zeros.</summary>
    private static uint Order(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value + 0f);
        return (bits & 0x80000000) != 0 ? bits : ~bits & 0x7FFFFFFF;
    }

    /// <summary>The value of <see cref="Order"/>.</summary>
    private static float Value(uint order) => BitConverter.UInt32BitsToSingle((order & 0x80000000) != 0 ? order : ~order & 0x7FFFFFFF);
}
