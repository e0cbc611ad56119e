namespace Tapeout.Isa;

public static partial class InstructionTable
{
    private static InstructionDefinition[] Control() =>
        [
            new(
                1,
                "LOOP",
                "Loop",
                Engine.Controller,
                "Repeats the instructions up to the matching END; the index register of the level counts from 0.",
                [
                    Integer("Level", "The index register, 0 to 3; nested loops use different ones."),
                    Size("Count", "Iterations; 0 skips the body."),
                ],
                Rules(
                    "Level is 0 to 3 and not used by an enclosing loop.",
                    "Every LOOP has an END of the same level.",
                    "Count is at most 2^20 within the envelope."
                ),
                "No engine: the streams are unrolled by the sequencer."
            ),
            new(
                2,
                "END",
                "End",
                Engine.Controller,
                "Ends the loop of a level.",
                [Integer("Level", "The level of the matching LOOP.")],
                Rules("A LOOP of the same level is open."),
                "No engine."
            ),
            new(
                3,
                "LAUNCH",
                "Launch",
                Engine.Controller,
                "Starts a kernel on a chip that executes dynamically: the next instructions are one grid of thread blocks.",
                [
                    Integer("Length", "The number of following instructions that belong to the kernel."),
                    Integer("BlockRows", "Rows of a thread block's tile of the output."),
                    Integer("BlockColumns", "Columns of a thread block's tile of the output."),
                    Integer("BlockDepth", "K elements staged at a time."),
                    Integer("SplitK", "Thread blocks that share one output tile along K; 1 for none."),
                    Integer("Stages", "Tiles in flight from memory."),
                    Integer("BlocksPerCore", "Thread blocks resident on one tile."),
                    Flag("Replay", "1 if the launch is part of a replayed graph."),
                ],
                Rules(
                    "The chip executes dynamically.",
                    "Length reaches no further than the enclosing loop's END.",
                    "Block sizes, stages and blocks per core are at least 1; SplitK is 1, since a split by batch size would change the numbers."
                ),
                "The launch path of the chip for its launch (or replay) time; the kernel's instructions in waves of thread blocks."
            ),
            new(
                4,
                "BARRIER",
                "Barrier",
                Engine.Controller,
                "Does nothing but wait and signal, in the stream of its engine.",
                [],
                Rules("It waits for or signals at least one token."),
                "Its engine for the issue time."
            ),
            new(
                5,
                "HALT",
                "Halt",
                Engine.Controller,
                "Ends the program of a role.",
                [],
                Rules("It is the last instruction of the role, and the only HALT."),
                "Nothing."
            ),
        ];

    private static InstructionDefinition[] Movement() =>
        [
            new(
                16,
                "COPY",
                "Copy",
                Engine.Dma,
                "Copies a region with its scales to a region of the same shape and format.",
                [
                    Read("Source", "Region [R, C]."),
                    Write("Destination", "Region [R, C]."),
                    Flag("Multicast", "1 if all tiles read the same region and the network copies it on the way."),
                ],
                Rules(
                    "Source and destination have the same format and shape.",
                    "A range of columns starts and ends on a group of the format."
                ),
                "Source and destination memories for their bytes; the network between DRAM and tiles."
            ),
            new(
                17,
                "GATHER",
                "Gather",
                Engine.Dma,
                "Takes rows of a table and de-quantises them to float32.",
                [
                    Read("Table", "[V, C]: embedding table, or activations [tokens, C]."),
                    Write("Destination", "f32 [R, C]."),
                    Choice<RowSource>("Rows", "Which row of the table each row of the destination takes."),
                    Maybe("Ids", "i32 [tokens, 1] from HOSTIN, for TokenIds; none for LogitRows."),
                ],
                Rules(
                    "The destination is f32.",
                    "Destination rows are tokens (TokenIds) or logits rows (LogitRows).",
                    "Columns of table and destination are the same range.",
                    "TokenIds has identifiers, i32 with one column and the destination's rows; LogitRows has none."
                ),
                "The table's memory for the bytes of the rows, at the granularity of an access."
            ),
            new(
                18,
                "KVAPPEND",
                "KvAppend",
                Engine.Dma,
                "Quantises the new tokens' keys or values and writes them to their slots in the sequences' pages: row (head · 64 + position mod 64) of page position / 64.",
                [
                    Read("Source", "f32 [tokens, heads · HeadDimension]."),
                    ReadWrite(
                        "Cache",
                        "KV cache: stack0 = layer, stack1 = pages (all of them), rows = heads · 64, columns = HeadDimension."
                    ),
                    Integer("HeadDimension", "Elements of a head's key or value."),
                ],
                Rules(
                    "The source is f32.",
                    "Columns of the cache are HeadDimension; rows are a multiple of 64.",
                    "Source columns are HeadDimension for every 64 cache rows of the tile."
                ),
                "The cache's memory for the bytes written; the quantiser."
            ),
            new(
                19,
                "PAGECOPY",
                "PageCopy",
                Engine.Dma,
                "Copies whole pages of a cache as the step's page-copy list says: copy on write of a shared prefix.",
                [ReadWrite("Cache", "KV cache; all layers of the buffer are copied.")],
                Rules("The buffer is a state."),
                "The cache's memory for twice the bytes."
            ),
        ];

    private static InstructionDefinition[] MatrixProducts() =>
        [
            new(
                32,
                "INSTALL",
                "Install",
                Engine.Matrix,
                "Loads a block of weights into the registers of the multiplier array.",
                [Read("Source", "Weights [N, K] in SRAM, DRAM or ROM."), Write("Slot", "Array buffer [N, K] of the same format.")],
                Rules(
                    "The destination is in space Array.",
                    "Formats and shapes are the same.",
                    "N and K fit the array's columns and rows."
                ),
                "The SRAM port and the array's install path for the bytes of the block."
            ),
            new(
                33,
                "MATMUL",
                "MatMul",
                Engine.Matrix,
                "Multiplies activations by weights: y[t, n] = Σ_k x[t, k] · w[n, k], summed by the reduction plan.",
                [
                    Read("X", "Activations [T, K]."),
                    Read("W", "Weights [N, K], installed (Array), streamed (SRAM, DRAM) or in metal (ROM)."),
                    ReadWrite("Y", "f32 or i32 [T, N]."),
                    Choice<MatMulResult>("Result", "Finished sum, node of the plan, accumulator of a leaf, int32 accumulator."),
                    Choice<AccumulateMode>("Accumulate", "Whether Y is started or continued."),
                    Integer("FirstLevels", "For ContinueAfterFirst: bit i set if loop level i counts."),
                    Integer("PlanLength", "K of the whole product."),
                    Integer("PlanBlock", "Block of the reduction plan; 0 where the product is a whole int32 sum."),
                ],
                Rules(
                    "The chip multiplies this pair of formats.",
                    "X and W have the same range of K, Y the rows of X and the rows of W as columns.",
                    "Final: K is whole. Node: K is an aligned power of two of leaves. Leaf: K starts and ends on a block inside one leaf. Integer: one scale over all of K.",
                    "Y is i32 for Integer and f32 otherwise; only Leaf and Integer continue.",
                    "The int32 sum of a block (Integer: of K) cannot overflow.",
                    "The plan's block is the one of the two formats."
                ),
                "The multiplier arrays for rows · ⌈N / columns⌉ · ⌈K / rows⌉ passes with fill and drain; the weight path for the bytes of W."
            ),
            new(
                34,
                "COMBINE",
                "Combine",
                Engine.Vector,
                "Folds the leaves of a plan to their node: a perfect binary tree, node = left + right.",
                [
                    Read("Leaves", "f32 [T, N]; stack1 0 to Count − 1 hold the leaves."),
                    Write("Destination", "f32 [T, N]."),
                    Integer("Count", "Leaves, a power of two."),
                ],
                Rules("Count is a power of two, at most the inner stack of the source.", "Both are f32 of the same shape."),
                "The vector unit for (Count − 1) · T · N additions."
            ),
            new(
                35,
                "FINISH",
                "Finish",
                Engine.Vector,
                "Turns an int32 accumulator into float32: y = f32(acc) · (s_w · s_x), then with a minimum fma(f32(Σ x), m · s_x, y).",
                [
                    Read("Accumulator", "i32 [T, N]."),
                    Read("X", "The activations [T, K], for scales and sums; K whole."),
                    Read("W", "The weights [N, K], for scales and minima; K whole or a part."),
                    Write("Destination", "f32 [T, N]."),
                ],
                Rules("The accumulator is i32 and the destination f32 of the same shape.", "X and W have one scale over all of K."),
                "The vector unit for 2 · T · N operations."
            ),
        ];
}
