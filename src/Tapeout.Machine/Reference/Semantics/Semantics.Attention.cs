using System.Runtime.InteropServices;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine.Reference;

/// <content>Attention over the paged KV cache.</content>
internal sealed partial class Semantics
{
    public Nothing Visit(Attend instruction)
    {
        MatrixView query = View(instruction.Query); // f32 [T, heads · d]
        MatrixView keys = View(instruction.Keys); // [KV heads · 64, d] of each page
        MatrixView values = View(instruction.Values); // as keys
        MatrixView destination = View(instruction.Destination); // f32 [T, heads · d], Partial: [T, heads · (d + 2)]
        int d = instruction.HeadDimension;
        bool partial = instruction.Result == AttentionResult.Partial;
        int heads = query.Columns.Count / d;
        int width = partial ? d + 2 : d;
        if (query.IsEmpty)
            return default;
        if (keys.Columns.Count != d || values.Columns.Count != d || destination.Columns.Count != heads * width)
            throw Fault($"keys, values or destination are not made for {heads} heads of {d}");
        int nodeFirst = partial && instruction.BlockCount > 0 ? instruction.FirstBlock.Evaluate(point.Instance.Loops) : 0;
        long work = 0;
        for (int t = query.Rows.Start; t < query.Rows.End; t++)
            work += 2L * heads * d * (Step.Tokens[t].Position + 1);
        InParts(
            query.Rows.Count * heads,
            1,
            work,
            (first, count) =>
            {
                for (int unit = first; unit < first + count; unit++)
                {
                    int i = unit / heads;
                    int head = unit % heads;
                    int token = query.Rows.Start + i;
                    TokenRow row = Step.Tokens[token];
                    // Sees positions [lowest, Position]: its own and those before it, inside the window.
                    int lowest = instruction.Window > 0 ? Math.Max(0, row.Position - instruction.Window + 1) : 0;
                    int blocks = row.Position / Envelope.PageSize + 1;
                    int nodeCount =
                        partial && instruction.BlockCount > 0 ? instruction.BlockCount : (int)uint.Max(1, NextPowerOfTwo(blocks));
                    int kvRow = (query.Columns.Start / d + head) / instruction.GroupSize * Envelope.PageSize;
                    AttentionNode node = AttendNode(
                        instruction,
                        query.Floats(token).Slice(head * d, d),
                        row,
                        kvRow,
                        nodeFirst,
                        nodeCount,
                        lowest
                    );
                    Span<float> output = destination.Floats(destination.Rows.Start + i).Slice(head * width, width);
                    node.Output.CopyTo(output);
                    if (partial)
                    {
                        output[d] = node.Maximum;
                        output[d + 1] = node.Sum;
                        continue;
                    }
                    float factor = Elementary.Reciprocal(node.Sum);
                    for (int j = 0; j < d; j++)
                        output[j] *= factor;
                }
            }
        );
        if (!partial)
            RequireFinite(destination);
        return default;
    }

    public Nothing Visit(Merge instruction)
    {
        MatrixView destination = View(instruction.Destination); // f32 [T, heads · d]
        if (destination.IsEmpty)
            return default;
        int d = instruction.HeadDimension;
        int heads = destination.Columns.Count / d;
        MatrixView[] partials = new MatrixView[instruction.Count]; // each f32 [T, heads · (d + 2)]
        for (int part = 0; part < partials.Length; part++)
        {
            partials[part] = View(instruction.Partials, part);
            if (partials[part].Columns.Count != heads * (d + 2) || partials[part].Rows.Count != destination.Rows.Count)
                throw Fault($"partial {part} is not made for {heads} heads of {d}");
        }
        for (int i = 0; i < destination.Rows.Count; i++)
        {
            for (int head = 0; head < heads; head++)
            {
                AttentionNode[] nodes = new AttentionNode[partials.Length];
                for (int part = 0; part < nodes.Length; part++)
                {
                    ReadOnlySpan<float> held = partials[part].Floats(partials[part].Rows.Start + i).Slice(head * (d + 2), d + 2);
                    nodes[part] = new(d) { Maximum = held[d], Sum = held[d + 1] };
                    held[..d].CopyTo(nodes[part].Output);
                }
                for (int count = nodes.Length / 2; count > 0; count /= 2)
                {
                    for (int pair = 0; pair < count; pair++)
                        nodes[pair] = MergeNodes(nodes[2 * pair], nodes[2 * pair + 1]);
                }
                float factor = Elementary.Reciprocal(nodes[0].Sum);
                Span<float> output = destination.Floats(destination.Rows.Start + i).Slice(head * d, d);
                for (int j = 0; j < d; j++)
                    output[j] = nodes[0].Output[j] * factor;
            }
        }
        RequireFinite(destination);
        return default;
    }

    /// <summary>The node of the tree over blocks [first, first + count): count is a power of two that divides first.</summary>
    private AttentionNode AttendNode(
        Attend instruction,
        ReadOnlySpan<float> query,
        TokenRow token,
        int kvRow,
        int first,
        int count,
        int lowest
    )
    {
        if (first * Envelope.PageSize > token.Position || (first + count) * Envelope.PageSize <= lowest)
            return new(query.Length);
        if (count == 1)
            return AttendBlock(instruction, query, token, kvRow, first, lowest);
        AttentionNode left = AttendNode(instruction, query, token, kvRow, first, count / 2, lowest);
        AttentionNode right = AttendNode(instruction, query, token, kvRow, first + count / 2, count / 2, lowest);
        return MergeNodes(left, right);
    }

    /// <summary>One block of 64 positions: only those that the token sees are touched.</summary>
    private AttentionNode AttendBlock(Attend instruction, ReadOnlySpan<float> query, TokenRow token, int kvRow, int block, int lowest)
    {
        int d = query.Length;
        int page = Step.Sequences[token.Sequence].Pages[block];
        MatrixView keys = View(instruction.Keys, page);
        MatrixView values = View(instruction.Values, page);
        int start = block * Envelope.PageSize;
        int from = Math.Max(lowest, start) - start;
        int to = Math.Min(token.Position, start + Envelope.PageSize - 1) - start;
        if (kvRow < keys.Rows.Start || kvRow + Envelope.PageSize > keys.Rows.End)
            throw Fault($"the tile does not hold KV head {kvRow / Envelope.PageSize}");

        // Scores: the float fold of q · k over the head's plan, keys de-quantised element by element.
        Span<float> scores = stackalloc float[Envelope.PageSize];
        ProductRule rule = ProductRule.For(keys.Format, NumberFormat.F32, d);
        PackedMatrix q = new(NumberFormat.F32, 1, d, MemoryMarshal.AsBytes(query));
        Products.FullRows(rule, keys.Packed, keys.Local(kvRow) + from, to - from + 1, q, 0, scores[from..]);
        AttentionNode node = new(d) { Maximum = float.NegativeInfinity };
        for (int p = from; p <= to; p++)
        {
            scores[p] *= instruction.Scale;
            if (instruction.Softcap > 0)
                scores[p] = Elementary.Softcap(scores[p], instruction.Softcap);
            node.Maximum = scores[p] > node.Maximum ? scores[p] : node.Maximum;
        }

        // Weights, their sum in 16 lanes, and the weighted values in rising position.
        Span<float> lanes = stackalloc float[16];
        lanes.Clear();
        Span<float> value = stackalloc float[d];
        for (int p = from; p <= to; p++)
        {
            float weight = Elementary.Exp(scores[p] - node.Maximum);
            lanes[p % 16] += weight;
            values.Dequantise(kvRow + p, value);
            float[] output = node.Output;
            for (int j = 0; j < output.Length; j++)
                output[j] = MathF.FusedMultiplyAdd(weight, value[j], output[j]);
        }
        node.Sum = Sums.FoldLanes(lanes);
        return node;
    }

    /// <summary>Left and right node of the tree; an absent one (sum 0) leaves the other unchanged.</summary>
    private static AttentionNode MergeNodes(AttentionNode left, AttentionNode right)
    {
        if (right.Sum == 0)
            return left;
        if (left.Sum == 0)
            return right;
        AttentionNode node = new(left.Output.Length) { Maximum = left.Maximum > right.Maximum ? left.Maximum : right.Maximum };
        float a = Elementary.Exp(left.Maximum - node.Maximum);
        float b = Elementary.Exp(right.Maximum - node.Maximum);
        node.Sum = left.Sum * a + right.Sum * b;
        for (int j = 0; j < node.Output.Length; j++)
            node.Output[j] = left.Output[j] * a + right.Output[j] * b;
        return node;
    }

    private static uint NextPowerOfTwo(int value) => System.Numerics.BitOperations.RoundUpToPowerOf2((uint)value);

    /// <summary>The state of a node: maximum of the scores, sum of the weights, weighted values. Sum 0: nothing was seen.</summary>
    private sealed class AttentionNode(int headDimension)
    {
        public float Maximum { get; set; }

        public float Sum { get; set; }

        public float[] Output { get; } = new float[headDimension];
    }
}
