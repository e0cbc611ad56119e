using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;
using Tapeout.Timing;

namespace Tapeout.Reports.Validation;

internal sealed partial class RowPlanner
{
    /// <summary>How a framework carries out one data type: formats, and the kernels that quantise before the product.</summary>
    /// <param name="Weights">Format of the weights.</param>
    /// <param name="Activations">Format of the activations in the product.</param>
    /// <param name="Scans">Kernels that find maxima or scales over the activations.</param>
    /// <param name="Quantises">True if a kernel quantises them.</param>
    /// <param name="Pace">How its kernels were launched when they were measured.</param>
    private sealed record DataType(
        NumberFormat Weights,
        NumberFormat Activations,
        int Scans,
        bool Quantises,
        LaunchPace Pace = LaunchPace.Graph
    );

    /// <summary>
    /// Eight-bit floats are timed as eight-bit integers: the chips multiply both at one rate and both take a byte. Their sums leave the tensor
    /// cores every 128 terms to be added in float32, which stands as weights in groups of 128; scales of 128 × 128 blocks as groups of both.
    /// Rows of SmoothQuant and of weight-only products have times in steps of 1.024 us, which events around single launches give.
    /// </summary>
    private static DataType? TypeOf(string name, string framework) =>
        (name, framework) switch
        {
            ("bfloat16" or "bf16", _) => new(NumberFormat.BF16, NumberFormat.BF16, 0, false),
            ("float16" or "fp16" or "half", _) => new(NumberFormat.F16, NumberFormat.F16, 0, false),
            // A maximum over the tensor, its scale, then the quantisation; vLLM quantises with one kernel.
            ("fp8", "vllm") => new(NumberFormat.Int8Group(128), NumberFormat.Int8Row, 0, true),
            ("fp8", _) => new(NumberFormat.Int8Group(128), NumberFormat.Int8Row, 2, true),
            ("fp8_block", "vllm") => new(NumberFormat.Int8Group(128), NumberFormat.Int8Group(128), 1, true, LaunchPace.HostLoop),
            ("fp8_block", _) => new(NumberFormat.Int8Group(128), NumberFormat.Int8Group(128), 0, true),
            ("sq" or "int8", _) => new(NumberFormat.Int8Row, NumberFormat.Int8Row, 0, false, LaunchPace.OneByOne),
            ("int8_wo", _) => new(NumberFormat.Int8Row, NumberFormat.BF16, 0, false, LaunchPace.OneByOne),
            ("int4_wo", _) => new(NumberFormat.Int4Group(128), NumberFormat.BF16, 0, false, LaunchPace.OneByOne),
            ("w4a16_mxfp4", _) => new(NumberFormat.Int4Group(32, OffsetKind.None, ElementType.F16), NumberFormat.BF16, 0, false),
            _ => null,
        };

    private RowPlan? Product(MeasuredRow row, ChipDescription chip, out string reason)
    {
        string dtype = row.Text("dtype");
        if (TypeOf(dtype, Framework(row)) is not { } type)
        {
            reason = $"no number format stands for '{dtype}'";
            return null;
        }
        (int m, int n, int k) = (row.Number("m"), row.Number("n"), row.Number("k"));
        if (m == 0 || n == 0 || k == 0)
        {
            reason = "a size is 0";
            return null;
        }
        reason = "";
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
            Software = Stack(chip, Framework(row)),
            Tape = tape.Build("gemm", type.Pace == LaunchPace.HostLoop ? 3 : 1),
            Step = Predictor.StepShape(1, 1, 0, false),
            IsLaunchedByHost = type.Pace == LaunchPace.HostLoop,
            Roofline = Math.Max(
                (double)m * n * k / PeakMacs(chip, type.Weights.Element, type.Activations.Element),
                bytes / MemoryBandwidth(chip)
            ),
        };
    }

    private static void Quantisation(KernelTape tape, DataType type, int rows, int columns)
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
                AbsoluteMaximum = type.Scans > 0 ? source : -1,
            }
        );
    }
}
