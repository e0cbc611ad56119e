namespace Tapeout.Isa;

/// <summary>A range of elements [Start, Start + Count) along an axis, in global coordinates.</summary>
/// <param name="Start">The first element.</param>
/// <param name="Count">The number of elements; 0 if the part is absent.</param>
public readonly record struct AxisRange(int Start, int Count)
{
    /// <summary>One past the last element.</summary>
    public int End => Start + Count;

    /// <summary>What both have; empty at this range's start if they have nothing in common.</summary>
    public AxisRange And(AxisRange other)
    {
        int start = Math.Max(Start, other.Start);
        int count = Math.Min(End, other.End) - start;
        return count > 0 ? new(start, count) : new(Start, 0);
    }

    /// <summary>True if <paramref name="other"/> lies inside; an empty range lies inside any.</summary>
    public bool Contains(AxisRange other) => other.Count == 0 || (other.Start >= Start && other.End <= End);
}
