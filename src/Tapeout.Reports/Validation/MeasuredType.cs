using Tapeout.Chips;
using Tapeout.Numerics;

namespace Tapeout.Reports.Validation;

/// <summary>
/// How a framework carries out one data type of a table: formats, and the kernels that quantise before the product. Eight-bit floats are timed
/// as eight-bit integers and four-bit floats as four-bit integers, where the chip multiplies both widths of floats at those rates: they take
/// the same bytes.
/// </summary>
/// <param name="Weights">Format of the weights.</param>
/// <param name="Activations">Format of the activations in the product.</param>
internal sealed record MeasuredType(NumberFormat Weights, NumberFormat Activations)
{
    /// <summary>Kernels that find maxima or scales over the activations.</summary>
    public int Scans { get; init; }

    /// <summary>True if a kernel quantises the activations.</summary>
    public bool Quantises { get; init; }

    /// <summary>True if the scale is given with the model, so that the kernel that quantises looks for no maximum.</summary>
    public bool HasGivenScale { get; init; }

    /// <summary>True if the activations of a mixture are quantised a token, before rows are sorted by expert, and behind the activation function by its kernel.</summary>
    public bool QuantisesTokens { get; init; }

    /// <summary>How its kernels were launched when they were measured.</summary>
    public LaunchPace Pace { get; init; }

    /// <summary>True if the activations that are multiplied are floats of the width of the format that stands for them.</summary>
    private bool IsFloat { get; init; }

    /// <summary>Nvfp4 has a scale of a byte a group of 16: 4.5 bits an element, as a scale of two bytes a group of 32.</summary>
    private static NumberFormat FourBitFloat { get; } = NumberFormat.Int4Group(32, OffsetKind.None, ElementType.F16);

    /// <summary>Mxfp4 has a scale of a byte a group of 32: 4.25 bits an element, as a scale of two bytes a group of 64.</summary>
    private static NumberFormat SharedFourBitFloat { get; } = NumberFormat.Int4Group(64, OffsetKind.None, ElementType.F16);

    /// <summary>The type by its name in a table, or the reason why the chip does not multiply it.</summary>
    public static MeasuredType? Of(string name, string framework, ChipDescription chip, out string reason)
    {
        reason = "";
        if (Named(name.Trim().ToLowerInvariant(), framework) is not { } type)
        {
            reason = $"no number format stands for '{name}'";
            return null;
        }
        // Weights that the chip does not multiply by the activations are expanded to the activations' format.
        MatrixFormat? pair =
            chip.Matrix.FormatFor(type.Weights.Element, type.Activations.Element)
            ?? chip.Matrix.FormatFor(type.Activations.Element, type.Activations.Element);
        bool isMultiplied =
            type.Activations.IsFloat || pair is not null && (type.IsFloat ? pair.Floats is not null : pair.Floats != FloatCodes.Only);
        if (!isMultiplied)
        {
            reason = $"the chip {chip.Name} multiplies no '{name}'";
            return null;
        }
        return type;
    }

    /// <summary>
    /// Sums of eight-bit floats leave Hopper's tensor cores every 128 terms to be added in float32, which stands as weights in groups of 128;
    /// scales of 128 × 128 blocks as groups of both. Rows of SmoothQuant and of weight-only products have times in steps of 1.024 us, which
    /// events around single launches give.
    /// </summary>
    private static MeasuredType? Named(string name, string framework) =>
        (name, framework) switch
        {
            ("bfloat16" or "bf16", _) => new(NumberFormat.BF16, NumberFormat.BF16),
            ("float16" or "fp16" or "half", _) => new(NumberFormat.F16, NumberFormat.F16),
            ("float32" or "fp32" or "float", _) => new(NumberFormat.F32, NumberFormat.F32),
            // A maximum over the tensor, its scale, then the quantisation; vLLM and SGLang quantise with one kernel.
            ("fp8" or "fp8_ootb", "vllm" or "sglang") => Float(NumberFormat.Int8Group(128), NumberFormat.Int8Row),
            ("fp8" or "fp8_ootb", _) => Float(NumberFormat.Int8Group(128), NumberFormat.Int8Row) with { Scans = 2 },
            ("fp8_static", _) => Float(NumberFormat.Int8Group(128), NumberFormat.Int8Row) with { HasGivenScale = true },
            ("fp8_block", "vllm") => Float(NumberFormat.Int8Group(128), NumberFormat.Int8Group(128)) with
            {
                Scans = 1,
                Pace = LaunchPace.HostLoop,
            },
            ("fp8_block", _) => Float(NumberFormat.Int8Group(128), NumberFormat.Int8Group(128)),
            ("nvfp4" or "fp4", _) => Float(FourBitFloat, FourBitFloat) with { QuantisesTokens = true },
            ("w4a8_mxfp4_mxfp8", _) => Float(SharedFourBitFloat, NumberFormat.Int8Group(64, ElementType.F16)) with
            {
                QuantisesTokens = true,
            },
            ("w4a8_mxfp4_fp8", _) => Float(SharedFourBitFloat, NumberFormat.Int8Row) with { HasGivenScale = true, QuantisesTokens = true },
            ("w4afp8", _) => Float(NumberFormat.Int4Group(128), NumberFormat.Int8Row) with { HasGivenScale = true },
            ("sq" or "int8" or "w8a8" or "w8a8_int8", _) => new(NumberFormat.Int8Row, NumberFormat.Int8Row) { Pace = LaunchPace.OneByOne },
            ("int8_wo" or "w8a16", _) => new(NumberFormat.Int8Row, NumberFormat.BF16) { Pace = LaunchPace.OneByOne },
            ("int4_wo" or "w4a16" or "awq" or "gptq", _) => new(NumberFormat.Int4Group(128), NumberFormat.BF16)
            {
                Pace = LaunchPace.OneByOne,
            },
            ("w4a16_mxfp4" or "mxfp4", _) => new(FourBitFloat, NumberFormat.BF16),
            _ => null,
        };

    private static MeasuredType Float(NumberFormat weights, NumberFormat activations) =>
        new(weights, activations) { Quantises = true, IsFloat = true };
}
