using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;
using Tapeout.Timing;

namespace Tapeout.Reports.Validation;

internal sealed partial class RowPlanner
{
    private RowPlan? Product(MeasuredRow row, ChipDescription chip, out string reason)
    {
        string dtype = row.Text("dtype");
        if (MeasuredType.Of(dtype, Framework(row), chip, out reason) is not { } type)
            return null;
        (int m, int n, int k) = (row.Number("m"), row.Number("n"), row.Number("k"));
        if (m == 0 || n == 0 || k == 0)
        {
            reason = "a size is 0";
            return null;
        }
        // Below 32 rows vLLM's block-scaled product quantises as it reads: a kernel fewer.
        if (type.Pace == LaunchPace.HostLoop && m < 32)
            type = type with { Scans = 0 };
        KernelTape tape = new(chip, 1, type.Pace == LaunchPace.Graph);
        Quantisation(tape, type, m, k);
        tape.Kernel(tape.Product(tape.Whole(type.Activations, m, k), tape.Whole(type.Weights, n, k, BufferKind.Constant), m, n));
        double bytes = new TensorLayout(type.Weights, n, k).Bytes + new TensorLayout(type.Activations, m, k).Bytes + 2.0 * m * n;
        return new()
        {
            Family = $"GEMM {row.Text("gpu")} {dtype}{FrameworkLabel(row)}",
            Shape = $"{n}x{k}",
            Chip = chip,
            Software = Kernels(chip, Framework(row)),
            Tape = tape.Build("gemm", type.Pace == LaunchPace.HostLoop ? 3 : 1),
            Step = Predictor.StepShape(1, 1, 0, false),
            IsLaunchedByHost = type.Pace == LaunchPace.HostLoop,
            Roofline = Math.Max(
                (double)m * n * k / PeakMacs(chip, type.Weights.Element, type.Activations.Element),
                bytes / MemoryBandwidth(chip)
            ),
        };
    }

    private static void Quantisation(KernelTape tape, MeasuredType type, int rows, int columns)
    {
        if (!type.Quantises)
            return;
        int source = tape.Rows(NumberFormat.BF16, rows, columns);
        for (int i = 0; i < type.Scans; i++)
        {
            // The first scan reads the activations, later ones only the maxima of rows.
            tape.Kernel(
                new AbsMax
                {
                    Source = i == 0 ? source : tape.Rows(NumberFormat.F32, rows, 1),
                    Destination = tape.Rows(NumberFormat.F32, rows, 1),
                }
            );
        }
        tape.Kernel(
            new Quantise
            {
                Source = source,
                Destination = tape.Rows(type.Activations, rows, columns),
                AbsoluteMaximum = type.Scans > 0 || type.HasGivenScale ? source : -1,
            }
        );
    }
}
