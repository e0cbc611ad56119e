namespace Tapeout.Isa;

public static partial class InstructionTable
{
    private static InstructionDefinition[] Attention() =>
        [
            new(
                80,
                "ATTEND",
                "Attend",
                Engine.Attention,
                "Attention of the new tokens over their sequences' pages. Per block of 64 absolute positions: maximum, sum of weights (16 lanes) and weighted values, masked positions skipped; blocks are merged in the power-of-two-aligned tree over absolute block numbers.",
                [
                    Read("Query", "f32 [T, heads · HeadDimension]."),
                    Read("Keys", "KV cache of the layer: stack1 = pages (all of them), rows = KV heads · 64, columns = HeadDimension."),
                    Read("Values", "As keys."),
                    Write(
                        "Destination",
                        "f32 [T, heads · HeadDimension]; Partial: [T, heads · (HeadDimension + 2)] with maximum and sum behind each head's values."
                    ),
                    Integer("HeadDimension", "Elements of a head."),
                    Integer("GroupSize", "Query heads per KV head."),
                    Float("Scale", "Factor on the scores, after the dot product."),
                    Integer("Window", "A query at p sees positions above p − Window; 0 for all."),
                    Float("Softcap", "Scores become c · tanh(score / c); 0 for none."),
                    Choice<AttentionResult>("Result", "Final, or the partial result of a node."),
                    IndexOperand("FirstBlock", "Partial: the first block of the node."),
                    Integer("BlockCount", "Partial: blocks of the node, a power of two that divides FirstBlock; 0 for all blocks."),
                ],
                Rules(
                    "Query and destination are f32 with the same heads.",
                    "Keys and values hold the KV heads of every query head of the tile, HeadDimension columns, 64 rows a head.",
                    "GroupSize is at least 1 and heads are whole.",
                    "Partial: BlockCount is a power of two and FirstBlock a multiple of it.",
                    "The chip attends over this KV format."
                ),
                "The attention unit (or matrix and vector units) for the multiplications of scores and values; the cache's memory for its bytes."
            ),
            new(
                81,
                "MERGE",
                "Merge",
                Engine.Vector,
                "Merges partial results of adjacent nodes in the tree and, at the end, divides by the sum: m = max(ma, mb), w = exp(ma − m) and exp(mb − m), sums and outputs s = sa · wa + sb · wb; an absent node (sum 0) leaves the other unchanged.",
                [
                    Read("Partials", "f32 [T, heads · (HeadDimension + 2)]; stack1 0 to Count − 1 hold the nodes."),
                    Write("Destination", "f32 [T, heads · HeadDimension]."),
                    Integer("HeadDimension", "Elements of a head."),
                    Integer("Count", "Nodes, a power of two."),
                ],
                Rules("Both are f32 with the same rows and heads.", "Count is a power of two, at most the inner stack of the partials."),
                "The vector unit for 3 · T · C · (Count − 1) operations."
            ),
        ];

    private static InstructionDefinition[] Exchanges() =>
        [
            new(
                96,
                "EXCHANGE",
                "Exchange",
                Engine.Network,
                "All-gather: every member's region is copied, at its own coordinates, into every member's destination.",
                [
                    Read("Source", "Each member's part."),
                    Write("Destination", "The whole, at every member."),
                    Choice<Group>("Group", "Who takes part."),
                    Choice<CollectiveAlgorithm>("Algorithm", "How it travels."),
                    Integer("LinkClass", "Which links of the chip; 0 for the first."),
                ],
                Rules(
                    "Source and destination have the same format.",
                    "The members' parts lie inside the destination.",
                    "The engine is Network for Tiles and Link otherwise."
                ),
                "The network or links for the bytes and hops of the algorithm."
            ),
            new(
                97,
                "REDUCE",
                "Reduce",
                Engine.Network,
                "Combines the same region of all members; the result is left at every member.",
                [
                    Read("Source", "f32 or i32 region, the same at all members."),
                    Write("Destination", "As the source; may be the source."),
                    Choice<Group>("Group", "Who takes part."),
                    Choice<ReduceOperation>("Operation", "Sum along plan nodes, int32 sum, maximum."),
                    Choice<CollectiveAlgorithm>("Algorithm", "How it travels."),
                    Integer("LinkClass", "Which links of the chip; 0 for the first."),
                ],
                Rules(
                    "Source and destination have the same format and shape.",
                    "SumIntegers needs i32, the others f32.",
                    "SumNodes needs a power of two of members and an algorithm that keeps the tree: direct, butterfly, tree or in-network; a ring that adds as it goes is not one.",
                    "The engine is Network for Tiles and Link otherwise."
                ),
                "The network or links for the bytes and hops of the algorithm; the vector unit for the combinations."
            ),
            new(
                98,
                "SEND",
                "Send",
                Engine.Link,
                "Sends a region to the same rank and tile of another role; RECV takes it there in the order sent.",
                [
                    Read("Source", "Region [R, C]."),
                    Integer("Channel", "The number that the RECV names."),
                    Integer("LinkClass", "Which links of the chip; 0 for the first."),
                ],
                Rules("Exactly one role receives on the channel."),
                "A link for the bytes and its latency."
            ),
            new(
                99,
                "RECV",
                "Receive",
                Engine.Link,
                "Takes the next region of a channel.",
                [
                    Write("Destination", "Region [R, C] of the sender's format and shape."),
                    Integer("Channel", "The number that the SEND names."),
                    Integer("LinkClass", "Which links of the chip; 0 for the first."),
                ],
                Rules("Exactly one role sends on the channel."),
                "Waits for the link."
            ),
            new(
                100,
                "ALLTOALL",
                "AllToAll",
                Engine.Network,
                "Of every member's region to each member what its destination has, at its own coordinates: a matrix cut one way is cut another.",
                [
                    Read("Source", "Each member's part of one cut."),
                    Write("Destination", "Each member's part of the other."),
                    Choice<Group>("Group", "Who takes part."),
                    Choice<CollectiveAlgorithm>("Algorithm", "How it travels."),
                    Integer("LinkClass", "Which links of the chip; 0 for the first."),
                ],
                Rules(
                    "Source and destination have the same format.",
                    "The members' parts cover the destination once; where the format has groups, columns are cut at groups.",
                    "The engine is Network for Tiles and Link otherwise."
                ),
                "The network or links for each other member's share and one way past them."
            ),
            new(
                101,
                "REDUCESCATTER",
                "ReduceScatter",
                Engine.Network,
                "Combines the same region of all members as REDUCE does; each member keeps the part that its destination has.",
                [
                    Read("Source", "f32 or i32 region, the same at all members."),
                    Write("Destination", "Each member's part of it, at its own coordinates, in another buffer."),
                    Choice<Group>("Group", "Who takes part."),
                    Choice<ReduceOperation>("Operation", "Sum along plan nodes, int32 sum, maximum."),
                    Choice<CollectiveAlgorithm>("Algorithm", "How it travels."),
                    Integer("LinkClass", "Which links of the chip; 0 for the first."),
                ],
                Rules(
                    "Source and destination have the same format; the destination lies inside the source and in another buffer.",
                    "SumIntegers needs i32, the others f32.",
                    "SumNodes needs a power of two of members and an algorithm that keeps the tree: direct, butterfly, tree or in-network; a ring that adds as it goes is not one.",
                    "The engine is Network for Tiles and Link otherwise."
                ),
                "The network or links for each other member's share; the vector unit for the combinations."
            ),
        ];

    private static InstructionDefinition[] HostLink() =>
        [
            new(
                112,
                "HOSTOUT",
                "HostOut",
                Engine.Host,
                "Hands rows of logits or sampled identifiers to the host.",
                [
                    Read("Source", "f32 [logits rows, C] for logits, i32 [logits rows, 1] for identifiers."),
                    Choice<HostData>("Data", "What it is."),
                ],
                Rules("Logits are f32, identifiers i32 with one column.", "Rows are the step's logits rows."),
                "The host link for the bytes and its latency."
            ),
            new(
                113,
                "HOSTIN",
                "HostIn",
                Engine.Host,
                "Takes the step's token identifiers from the host.",
                [Write("Destination", "i32 [tokens, 1]."), Choice<HostData>("Data", "What it is: TokenIds.")],
                Rules("The destination is i32 with one column and a row per token.", "Data is TokenIds."),
                "The host link for the bytes and its latency."
            ),
        ];
}
