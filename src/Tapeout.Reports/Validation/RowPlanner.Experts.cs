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
        reason = "";
        string dtype = row.Text("dtype");
        (int tokens, int hidden, int intermediate) = (row.Number("tokens"), row.Number("hidden"), row.Number("intermediate"));
        (int used, int experts, int tp, int ep) = (row.Number("top_k"), row.Number("experts"), row.Number("tp"), row.Number("ep"));
        double exponent = 0;
        string distribution = row.Text("distribution");
        if (TypeOf(dtype, Framework(row)) is not { } type)
        {
            reason = $"no number format stands for '{dtype}'";
            return null;
        }
        if (distribution.StartsWith("power_law_", StringComparison.Ordinal))
        {
            if (!double.TryParse(distribution[10..], NumberStyles.Float, CultureInfo.InvariantCulture, out exponent))
                reason = $"the load '{distribution}' has no exponent";
        }
        else if (distribution != "balanced")
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
        tape.Kernel(
            new Route
            {
                Logits = tape.Rows(NumberFormat.F32, tokens, experts),
                Gates = tape.Rows(NumberFormat.F32, tokens, used),
                Ids = tape.Rows(NumberFormat.I32, tokens, used),
                Permutation = tape.Rows(NumberFormat.I32, tokens * used, 1),
                Count = used,
                Scoring = RouteScoring.SoftmaxThenTop,
                Normalise = true,
                Scale = 1,
            }
        );
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
        int sorted = tape.Rows(NumberFormat.BF16, rows, hidden);
        tape.Kernel(
            new Permute
            {
                Source = tape.Rows(NumberFormat.BF16, tokens, hidden),
                Permutation = tape.Rows(NumberFormat.I32, rows, 1),
                Destination = sorted,
                Count = used,
            }
        );
        if (type.Quantises)
            tape.Kernel(new Quantise { Source = sorted, Destination = tape.Rows(type.Activations, rows, hidden) });
        tape.Kernel([.. Grouped(tape, type, counts, hidden, 2 * part)]);
        int inner = tape.Rows(type.Activations, rows, part);
        tape.Kernel(
            new Binary
            {
                Left = tape.Rows(NumberFormat.BF16, rows, part),
                Right = tape.Rows(NumberFormat.BF16, rows, part),
                Destination = inner,
                Function = BinaryFunction.SiluMultiply,
            }
        );
        tape.Kernel([.. Grouped(tape, type, counts, part, hidden)]);
        tape.Kernel(
            new Mix
            {
                Source = tape.Rows(NumberFormat.BF16, rows, hidden),
                Permutation = tape.Rows(NumberFormat.I32, rows, 1),
                Gates = tape.Rows(NumberFormat.F32, tokens, used),
                Destination = tape.Rows(NumberFormat.BF16, tokens, hidden),
                Count = Math.Max(1, rows / Math.Max(1, tokens)),
            }
        );
        double macs = 3.0 * rows * hidden * part;
        double weights = counts.Count(c => c > 0) * 3.0 * new TensorLayout(type.Weights, part, hidden).Bytes;
        return new()
        {
            Family = $"MoE {row.Text("gpu")} {dtype}{FrameworkLabel(row)}",
            Shape = $"{hidden}/{intermediate}/{used}/{experts}/tp{tp}",
            Chip = chip,
            Software = Stack(chip, Framework(row)),
            Tape = tape.Build("experts"),
            Step = Predictor.StepShape(1, 1, 0, false),
            Roofline = Math.Max(
                macs / PeakMacs(chip, type.Weights.Element, type.Activations.Element),
                (weights + 4.0 * rows * hidden) / MemoryBandwidth(chip)
            ),
        };
    }

    private static IEnumerable<Instruction> Grouped(KernelTape tape, DataType type, int[] counts, int depth, int columns)
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
