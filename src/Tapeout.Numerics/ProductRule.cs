namespace Tapeout.Numerics;

/// <summary>
/// The arithmetic of one output element of a matrix product: which formats meet, over how many terms, and in which order they are summed.
/// Made by <see cref="For"/>; the same for every chip, tile count and batch.
/// </summary>
public readonly record struct ProductRule
{
    private ProductRule(NumberFormat weight, NumberFormat activation, int length, ProductKind kind, int block, long bound)
    {
        Weight = weight;
        Activation = activation;
        Length = length;
        Kind = kind;
        Plan = new ReductionPlan(length, block);
        IntegerBound = bound;
    }

    /// <summary>The format of the weights.</summary>
    public NumberFormat Weight { get; }

    /// <summary>The format of the activations.</summary>
    public NumberFormat Activation { get; }

    /// <summary>K: the terms of the sum.</summary>
    public int Length { get; }

    /// <summary>How the sum is taken.</summary>
    public ProductKind Kind { get; }

    /// <summary>
    /// The order of the float sum. An <see cref="ProductKind.IntegerWhole"/> sum is exact in any order; its plan is one block over all of K.
    /// </summary>
    public ReductionPlan Plan { get; }

    /// <summary>Terms of a block.</summary>
    public int Block => Plan.Block;

    /// <summary>
    /// The largest magnitude an int32 accumulator can reach, whatever the codes; 0 for a float fold. Zero points count as 0…255,
    /// so that checkpoints of other makers are covered.
    /// </summary>
    public long IntegerBound { get; }

    /// <summary>The rule for a weight and an activation format over <paramref name="length"/> terms.</summary>
    /// <exception cref="ArgumentException">The pair is not legal; the message says why.</exception>
    public static ProductRule For(NumberFormat weight, NumberFormat activation, int length) =>
        TryFor(weight, activation, length, out ProductRule rule, out string reason) ? rule : throw new ArgumentException(reason);

    /// <summary>The rule for a weight and an activation format over <paramref name="length"/> terms; false where the pair is not legal.</summary>
    public static bool TryFor(NumberFormat weight, NumberFormat activation, int length, out ProductRule rule) =>
        TryFor(weight, activation, length, out rule, out _);

    /// <summary>As <see cref="TryFor(NumberFormat, NumberFormat, int, out ProductRule)"/>, with the reason of a refusal as one sentence.</summary>
    public static bool TryFor(NumberFormat weight, NumberFormat activation, int length, out ProductRule rule, out string reason)
    {
        rule = default;
        reason = "";
        if (length <= 0)
            reason = $"A product needs at least one term, not {length}.";
        else if (!weight.IsValid || !(weight.IsFloat || weight.IsQuantised))
            reason = $"{weight} is not a format of weights.";
        else if (!activation.IsValid || !(activation.IsFloat || activation.Element == ElementType.I8))
            reason = $"{activation} is not a format of activations: f32, f16, bf16, int8-row and int8 groups are.";
        else if (activation.Granularity == ScaleGranularity.Tensor)
            reason =
                $"{activation} shares a scale between tokens, so that a neighbour in the batch would change a token: use int8-row or int8-g32.";
        else if (activation.IsQuantised && weight.IsFloat)
            reason = $"{weight} weights multiply float activations only, not {activation}.";
        if (reason.Length > 0)
            return false;
        if (activation.IsFloat)
        {
            rule = new(weight, activation, length, ProductKind.FloatFold, ReductionPlan.DefaultBlock, 0);
            return true;
        }
        bool whole = weight.GroupSize == 0 && activation.GroupSize == 0;
        int block = whole ? length : Math.Min(GroupOf(weight), GroupOf(activation));
        long largestCode = weight.Element switch
        {
            ElementType.I8 => 128,
            ElementType.I4 => 8,
            ElementType.U4 => weight.Offset == OffsetKind.ZeroPoint ? 255 : 15,
            ElementType.Ternary => 2,
            _ => 1,
        };
        long bound = Math.Min(block, length) * largestCode * 128;
        if (bound > int.MaxValue)
        {
            reason = $"{weight} weights with {activation} activations over {length} terms could exceed 32 bits: use groups.";
            return false;
        }
        rule = new(weight, activation, length, whole ? ProductKind.IntegerWhole : ProductKind.IntegerBlocks, block, bound);
        return true;
    }

    private static int GroupOf(NumberFormat format) => format.GroupSize == 0 ? int.MaxValue : format.GroupSize;
}
