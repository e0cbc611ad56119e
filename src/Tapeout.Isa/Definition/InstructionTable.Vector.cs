namespace Tapeout.Isa;

public static partial class InstructionTable
{
    private static InstructionDefinition[] Vectors() =>
        [
            new(
                48,
                "ABSMAX",
                "AbsMax",
                Engine.Vector,
                "The largest absolute value of each row.",
                [Read("Source", "f32 [T, C]."), Write("Destination", "f32 [T, 1].")],
                Rules("Both are f32 with the same rows.", "The destination has one column."),
                "The vector unit for T · C operations."
            ),
            new(
                49,
                "QUANTISE",
                "Quantise",
                Engine.Vector,
                "Quantises activations: scale = max|x| / 127 per row or group (1 where that is 0), q = clamp(rne(x / scale), −127, 127).",
                [
                    Read("Source", "f32 [T, C]."),
                    Maybe(
                        "AbsoluteMaximum",
                        "f32 [T, 1]: the row's maximum, where the row is spread over tiles; none if the source holds whole rows or the format has groups."
                    ),
                    Write("Destination", "int8 per row or per group [T, C]; also f16 or bf16."),
                ],
                Rules(
                    "The source is f32 and has the destination's shape.",
                    "A range of columns starts and ends on a group.",
                    "A given maximum needs a format with one scale per row."
                ),
                "The vector unit for 2 · T · C operations (the quantiser where the chip has one)."
            ),
            new(
                50,
                "DEQUANTISE",
                "Dequantise",
                Engine.Vector,
                "De-quantises to float32.",
                [Read("Source", "Any format [R, C]."), Write("Destination", "f32 [R, C].")],
                Rules("The destination is f32 of the same shape."),
                "The vector unit for R · C operations."
            ),
            new(
                51,
                "UNARY",
                "Unary",
                Engine.Vector,
                "Applies a function to each element.",
                [
                    Read("Source", "f32 [T, C]."),
                    Write("Destination", "f32 [T, C]."),
                    Choice<UnaryFunction>("Function", "Which."),
                    Float("Parameter", "p, where the function has one."),
                ],
                Rules("Both are f32 of the same shape."),
                "The vector unit for T · C operations, times the function's cost."
            ),
            new(
                52,
                "BINARY",
                "Binary",
                Engine.Vector,
                "Applies a function to pairs of elements.",
                [
                    Read("Left", "f32 [T, C]."),
                    Read("Right", "f32 [T, C]."),
                    Write("Destination", "f32 [T, C]; may be one of the operands."),
                    Choice<BinaryFunction>("Function", "Which."),
                ],
                Rules("All are f32 of the same shape."),
                "The vector unit for T · C operations, times the function's cost."
            ),
            new(
                53,
                "NORMSUM",
                "NormSum",
                Engine.Vector,
                "Sums each row (or its squares) in 16 virtual lanes per leaf of the plan with block 32; lanes are folded 8, 4, 2, 1, leaves by the tree.",
                [
                    Read("Source", "f32 [T, C], C whole."),
                    Write("Destination", "f32 [T, 1]."),
                    Choice<NormSumKind>("Kind", "Sum of squares or sum."),
                ],
                Rules("Both are f32 with the same rows.", "The destination has one column.", "The source's columns are whole."),
                "The vector unit for T · C operations."
            ),
            new(
                54,
                "NORM",
                "Norm",
                Engine.Vector,
                "Root-mean-square norm: y = (x · rsqrt(sum / Width + Epsilon)) · gamma, each step rounded.",
                [
                    Read("Source", "f32 [T, C]."),
                    Read("Sums", "f32 [T, 1] from NORMSUM."),
                    Read("Gamma", "f32 [1, C]."),
                    Write("Destination", "f32 [T, C]."),
                    Integer("Width", "Elements that the sum was taken over."),
                    Float("Epsilon", "Added to the mean."),
                ],
                Rules(
                    "Source and destination are f32 of the same shape.",
                    "Gamma has the source's columns; sums have one column and the source's rows.",
                    "Width is positive."
                ),
                "The vector unit for 2 · T · C operations."
            ),
            new(
                55,
                "ROTATE",
                "Rotate",
                Engine.Vector,
                "Rotary position embedding: angle = position · phase step (a 64-bit fraction of a turn, exact), pairs (a, b) become (a · cos − b · sin, a · sin + b · cos), nothing fused.",
                [
                    Read("Source", "f32 [T, heads · HeadDimension]."),
                    Write("Destination", "f32 [T, heads · HeadDimension]; may be the source."),
                    Read("Phases", "i32 [1, RotaryDimensions]: low and high word of each pair's phase step."),
                    Integer("HeadDimension", "Elements of a head."),
                    Integer("RotaryDimensions", "Leading elements of a head that are rotated; the others are copied."),
                    Choice<RopePairing>("Pairing", "Which elements are a pair."),
                ],
                Rules(
                    "Source and destination are f32 of the same shape.",
                    "Columns are whole heads; RotaryDimensions is even and at most HeadDimension.",
                    "Phases are i32 with RotaryDimensions columns."
                ),
                "The vector unit for 3 · T · C operations and the sine and cosine of T · RotaryDimensions / 2 angles."
            ),
            new(
                56,
                "SOFTMAX",
                "Softmax",
                Engine.Vector,
                "Softmax of each row: e = exp(x − max), y = e · reciprocal(Σ e), the sum by the norm plan.",
                [Read("Source", "f32 [T, C], C whole."), Write("Destination", "f32 [T, C].")],
                Rules("Both are f32 of the same shape.", "The source's columns are whole."),
                "The vector unit for 3 · T · C operations and T · C exponentials."
            ),
            new(
                57,
                "TOPK",
                "TopK",
                Engine.Vector,
                "The Count largest of each row in falling order, ties to the lowest column; columns are numbered in the whole tensor.",
                [
                    Read("Source", "f32 [R, C]."),
                    Write("Values", "f32 [R, ≤ Count]; −∞ where the row has fewer."),
                    Write("Ids", "i32 [R, ≤ Count]; 2^31 − 1 where the row has fewer."),
                    Integer("Count", "k."),
                ],
                Rules("Values are f32 and ids i32 of the same shape with at most Count columns.", "Rows are those of the source."),
                "The vector unit for R · C comparisons."
            ),
            new(
                58,
                "SAMPLE",
                "Sample",
                Engine.Vector,
                "Draws a token from each row's candidates by the step's sampler rows: sorted by (score, lowest id); greedy takes the first; otherwise softmax of score / temperature over the top k, cut at top-p in that order, and a counter-based draw keyed by seed, request and position.",
                [Read("Values", "f32 [R, n]."), Read("Ids", "i32 [R, n]."), Write("Destination", "i32 [R, 1].")],
                Rules("Values are f32 and ids i32 of the same shape.", "The destination is i32 with one column."),
                "The vector unit for R · n operations."
            ),
        ];

    private static InstructionDefinition[] Mixtures() =>
        [
            new(
                64,
                "ROUTE",
                "Route",
                Engine.Vector,
                "Chooses experts by (score, lowest id), makes their gates, sorts the (token, slot) pairs by expert and writes the layer's counts into the step.",
                [
                    Read("Logits", "f32 [T, E]."),
                    Write("Gates", "f32 [T, k]."),
                    Write("Ids", "i32 [T, k]."),
                    Write("Permutation", "i32 [T · k, 1]: row r of the sorted order is pair Permutation[r] = token · k + slot."),
                    Integer("Count", "k."),
                    Choice<RouteScoring>("Scoring", "How logits become gates."),
                    Flag("Normalise", "1 to divide the gates by their sum, added in slot order."),
                    Float("Scale", "Factor on the gates."),
                ],
                Rules(
                    "Logits and gates are f32, ids and permutation i32.",
                    "Gates and ids are [T, k], the permutation [T · k, 1].",
                    "k is 1 to E."
                ),
                "The vector unit for T · E operations; the counts reach the controller."
            ),
            new(
                65,
                "PERMUTE",
                "Permute",
                Engine.Dma,
                "Gathers rows into the order by expert: row r takes row Permutation[r] / k of the source.",
                [
                    Read("Source", "[T, C], any format with scales per row or group."),
                    Read("Permutation", "i32 [T · k, 1]."),
                    Write("Destination", "[T · k, C] of the source's format."),
                    Integer("Count", "k."),
                ],
                Rules(
                    "Source and destination have the same format and columns.",
                    "Permutation and destination have k rows for each of the source's."
                ),
                "SRAM for the bytes read and written."
            ),
            new(
                66,
                "MIX",
                "Mix",
                Engine.Vector,
                "Adds each token's expert outputs in slot order: y = g0 · e0, then y = y + g · e, nothing fused.",
                [
                    Read("Source", "f32 [T · k, C] in the order by expert."),
                    Read("Permutation", "i32 [T · k, 1]."),
                    Read("Gates", "f32 [T, k]."),
                    Write("Destination", "f32 [T, C]."),
                    Integer("Count", "k."),
                ],
                Rules(
                    "Source, gates and destination are f32, the permutation i32.",
                    "Source and destination have the same columns; the source has k rows for each of the destination's."
                ),
                "The vector unit for 2 · T · k · C operations."
            ),
        ];
}
