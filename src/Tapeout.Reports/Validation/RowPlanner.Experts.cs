using System.Globalization;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;
using Tapeout.Timing;

namespace Tapeout.Reports.Validation;

internal sealed partial class RowPlanner
{
    /// <summary>
    /// A mixture of experts on one rank: routing, rows sorted by expert, one grouped kernel for gate and up, the activation, one grouped kernel
    /// for down, the weighted sum. Experts are divided over ep ranks, of which the one with most rows is timed, since the others wait for it;
    /// every expert's intermediate size over tp ranks.
    /// </summary>
    private RowPlan? Experts(MeasuredRow row, ChipDescription chip, out string reason)
    {
        string dtype = row.Text("dtype");
        (int tokens, int hidden, int intermediate) = (row.Number("tokens"), row.Number("hidden"), row.Number("intermediate"));
        (int used, int experts, int tp, int ep) = (row.Number("top_k"), row.Number("experts"), row.Number("tp"), row.Number("ep"));
        double exponent = 0;
        string distribution = row.Text("distribution");
        if (MeasuredType.Of(dtype, Framework(row), chip, out reason) is not { } type)
            return null;
        if (distribution.StartsWith("power_law_", StringComparison.Ordinal))
        {
            if (!double.TryParse(distribution[10..], NumberStyles.Float, CultureInfo.InvariantCulture, out exponent))
                reason = $"the load '{distribution}' has no exponent";
        }
        else if (distribution is not ("balanced" or "uniform"))
        {
            reason = $"the load '{distribution}' is not one that is known here";
        }
        if (tp < 1 || ep < 1 || experts < ep || used < 1 || used > experts || intermediate / tp < 1 || tokens < 1)
            reason = $"{experts} experts do not divide over {ep} ranks, or {intermediate} channels over {tp}";
        if (reason.Length > 0)
            return null;
        int[] counts = LoadOfBusiestRank(new ExpertDistribution(exponent, 0).Counts(0, experts, tokens, used), ep);
        int part = intermediate / tp;
        int rows = counts.Sum();
        KernelTape tape = new(chip);
        // On chips that multiply four-bit floats the framework has kernels of its own for them.
        if (dtype == "w4a16_mxfp4" && chip.Matrix.FormatFor(ElementType.I4, ElementType.I4) is null)
            Unfused(tape, type, counts, (tokens, hidden, part, used, experts, ep));
        else
            Fused(tape, type, counts, (tokens, hidden, part, used, experts));
        double macs = 3.0 * rows * hidden * part;
        double weights = counts.Count(c => c > 0) * 3.0 * new TensorLayout(type.Weights, part, hidden).Bytes;
        return new()
        {
            Family = $"MoE {row.Text("gpu")} {dtype}{FrameworkLabel(row)}",
            Shape = $"{hidden}/{intermediate}/{used}/{experts}/tp{tp}",
            Chip = chip,
            Software = Kernels(chip, Framework(row)),
            Tape = tape.Build("experts"),
            Step = Predictor.StepShape(1, 1, 0, false),
            Roofline = Math.Max(
                macs / PeakMacs(chip, type.Weights.Element, type.Activations.Element),
                (weights + 4.0 * rows * hidden) / MemoryBandwidth(chip)
            ),
        };
    }

    /// <summary>The kernels of TensorRT-LLM's own mixtures: rows of this rank's experts only.</summary>
    private static void Fused(
        KernelTape tape,
        MeasuredType type,
        int[] counts,
        (int Tokens, int Hidden, int Part, int Used, int Experts) sizes
    )
    {
        (int tokens, int hidden, int part, int used, int experts) = sizes;
        int rows = counts.Sum();
        tape.Kernel(Routed(tape, tokens, used, experts));
        // Rows are sorted by expert in two more passes over the pairs: counts, then places.
        for (int pass = 0; pass < 2; pass++)
        {
            int pairs = tape.Rows(NumberFormat.I32, tokens, used);
            tape.Kernel(
                new Unary
                {
                    Source = pairs,
                    Destination = pairs,
                    Function = UnaryFunction.Scale,
                    Parameter = 1,
                }
            );
        }
        NumberFormat carried = type.QuantisesTokens ? type.Activations : NumberFormat.BF16;
        if (type.QuantisesTokens)
            tape.Kernel(Quantised(type, tape.Rows(NumberFormat.BF16, tokens, hidden), tape.Rows(carried, tokens, hidden)));
        int sorted = tape.Rows(carried, rows, hidden);
        tape.Kernel(
            new Permute
            {
                Source = tape.Rows(carried, tokens, hidden),
                Permutation = tape.Rows(NumberFormat.I32, rows, 1),
                Destination = sorted,
                Count = used,
            }
        );
        if (type.Quantises && !type.QuantisesTokens)
            tape.Kernel(Quantised(type, sorted, tape.Rows(type.Activations, rows, hidden)));
        tape.Kernel([.. Grouped(tape, type, counts, hidden, 2 * part)]);
        // Activations with a scale a group are quantised by a kernel of their own behind the activation; others by the activation's.
        bool isQuantisedBehind = type.Activations.GroupSize > 0 && !type.QuantisesTokens;
        int inner = tape.Rows(isQuantisedBehind ? NumberFormat.BF16 : type.Activations, rows, part);
        tape.Kernel(
            new Binary
            {
                Left = tape.Rows(NumberFormat.BF16, rows, part),
                Right = tape.Rows(NumberFormat.BF16, rows, part),
                Destination = inner,
                Function = BinaryFunction.SiluMultiply,
            }
        );
        if (isQuantisedBehind)
            tape.Kernel(Quantised(type, inner, tape.Rows(type.Activations, rows, part)));
        tape.Kernel([.. Grouped(tape, type, counts, part, hidden)]);
        tape.Kernel(Mixed(tape, rows, tokens, hidden, used));
    }

    /// <summary>
    /// The chain of kernels that TensorRT-LLM takes for four-bit floats on Hopper (its Triton path): routing in many small kernels, gathering
    /// and scattering inside the products, and buffers for all pairs of tokens and experts, of which other ranks' stay empty but are copied
    /// (the product's columns are padded to 256), activated and summed with the rest.
    /// </summary>
    private static void Unfused(
        KernelTape tape,
        MeasuredType type,
        int[] counts,
        (int Tokens, int Hidden, int Part, int Used, int Experts, int Ranks) sizes
    )
    {
        (int tokens, int hidden, int part, int used, int experts, int ranks) = sizes;
        int pairs = checked(tokens * used);
        // Rows of a tile from the pairs of an expert of this rank, as if all pairs were this rank's; columns are those that weights are laid
        // out for.
        int expected = Math.Max(1, pairs / Math.Max(1, experts / ranks));
        BlockTile tile = new(Math.Clamp((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)expected), 16, 128), 256, 128);
        int ids = tape.Rows(NumberFormat.I32, tokens, used);
        void Small(int from, int to) =>
            tape.Kernel(
                new Unary
                {
                    Source = from,
                    Destination = to,
                    Function = UnaryFunction.Scale,
                    Parameter = 1,
                }
            );
        tape.Kernel(Routed(tape, tokens, used, experts));
        // Which experts: cleared and summed over rows; with several ranks shifted and cut to this one's first. Where rows go: offsets, cleared
        // and filled in. Which tiles: two more.
        int small = ranks > 1 ? 9 : 7;
        for (int i = 0; i < small; i++)
            Small(ids, ids);
        tape.Kernel(tile, [.. Grouped(tape, type, counts, hidden, 2 * part)]);
        int wide = tape.Rows(NumberFormat.BF16, pairs, 2 * part);
        Small(wide, wide);
        tape.Kernel(
            new Binary
            {
                Left = tape.Rows(NumberFormat.BF16, pairs, part),
                Right = tape.Rows(NumberFormat.BF16, pairs, part),
                Destination = tape.Rows(NumberFormat.BF16, pairs, part),
                Function = BinaryFunction.SiluMultiply,
            }
        );
        tape.Kernel(tile, [.. Grouped(tape, type, counts, part, hidden)]);
        tape.Kernel(Mixed(tape, pairs, tokens, hidden, used));
        int result = tape.Rows(NumberFormat.BF16, tokens, hidden);
        Small(result, result);
    }

    private static Route Routed(KernelTape tape, int tokens, int used, int experts) =>
        new()
        {
            Logits = tape.Rows(NumberFormat.F32, tokens, experts),
            Gates = tape.Rows(NumberFormat.F32, tokens, used),
            Ids = tape.Rows(NumberFormat.I32, tokens, used),
            Permutation = tape.Rows(NumberFormat.I32, tokens * used, 1),
            Count = used,
            Scoring = RouteScoring.SoftmaxThenTop,
            Normalise = true,
            Scale = 1,
        };

    private static Mix Mixed(KernelTape tape, int rows, int tokens, int hidden, int used) =>
        new()
        {
            Source = tape.Rows(NumberFormat.BF16, rows, hidden),
            Permutation = tape.Rows(NumberFormat.I32, rows, 1),
            Gates = tape.Rows(NumberFormat.F32, tokens, used),
            Destination = tape.Rows(NumberFormat.BF16, tokens, hidden),
            Count = Math.Max(1, rows / Math.Max(1, tokens)),
        };

    private static Quantise Quantised(MeasuredType type, int source, int destination) =>
        new()
        {
            Source = source,
            Destination = destination,
            AbsoluteMaximum = type.Scans > 0 || type.HasGivenScale ? source : -1,
        };

    private static IEnumerable<Instruction> Grouped(KernelTape tape, MeasuredType type, int[] counts, int depth, int columns)
    {
        // Experts of equal load are the same product: one descriptor each.
        foreach (IGrouping<int, int> load in counts.Where(c => c > 0).GroupBy(c => c))
        {
            MatMul product = tape.Product(
                tape.Whole(type.Activations, load.Key, depth),
                tape.Whole(type.Weights, columns, depth, BufferKind.Constant),
                load.Key,
                columns
            );
            for (int i = 0; i < load.Count(); i++)
                yield return product;
        }
    }

    /// <summary>The experts of the rank with most rows: popular experts are dealt to ranks in turn.</summary>
    private static int[] LoadOfBusiestRank(int[] counts, int ranks)
    {
        int[] sorted = [.. counts.OrderDescending()];
        return [.. sorted.Where((_, i) => i % ranks == 0)];
    }
}
