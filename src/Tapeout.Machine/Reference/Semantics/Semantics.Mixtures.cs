using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine.Reference;

/// <content>Mixtures of experts.</content>
internal sealed partial class Semantics
{
    public Nothing Visit(Route instruction)
    {
        MatrixView logits = View(instruction.Logits); // f32 [T, E]
        MatrixView gates = View(instruction.Gates); // f32 [T, k]
        MatrixView ids = View(instruction.Ids); // i32 [T, k]
        MatrixView permutation = View(instruction.Permutation); // i32 [T · k, 1]
        if (logits.IsEmpty)
            return default;
        int k = instruction.Count;
        int experts = logits.Columns.Count;
        if (gates.Columns.Count != k || ids.Columns.Count != k || permutation.Rows.Count != logits.Rows.Count * k)
            throw Fault($"gates, ids or permutation are not made for {k} experts per token");
        float[] scores = new float[experts];
        int[] counts = new int[experts];
        for (int i = 0; i < logits.Rows.Count; i++)
        {
            ReadOnlySpan<float> x = logits.Floats(logits.Rows.Start + i);
            if (instruction.Scoring == RouteScoring.SoftmaxThenTop)
                SoftmaxOf(x, scores);
            else if (instruction.Scoring == RouteScoring.Sigmoid)
                for (int e = 0; e < experts; e++)
                    scores[e] = Elementary.Sigmoid(x[e]);
            else
                x.CopyTo(scores);
            Span<float> gate = gates.Floats(gates.Rows.Start + i);
            Span<int> chosen = ids.Integers(ids.Rows.Start + i);
            for (int slot = 0; slot < k; slot++)
            {
                int best = -1;
                for (int e = 0; e < experts; e++)
                {
                    // Strictly greater: of equal scores the lowest number is taken.
                    if (!chosen[..slot].Contains(e) && (best < 0 || scores[e] > scores[best]))
                        best = e;
                }
                chosen[slot] = best;
                gate[slot] = scores[best];
                counts[best]++;
            }
            if (instruction.Scoring == RouteScoring.TopThenSoftmax)
                SoftmaxOf(gate, gate);
            if (instruction.Normalise)
            {
                float sum = gate[0];
                for (int slot = 1; slot < k; slot++)
                    sum += gate[slot];
                for (int slot = 0; slot < k; slot++)
                    gate[slot] /= sum;
            }
            for (int slot = 0; slot < k; slot++)
                gate[slot] *= instruction.Scale;
        }
        RequireFinite(gates);
        // Sorted by expert; pairs of one expert stay in the order of tokens.
        int[] next = new int[experts];
        for (int e = 1; e < experts; e++)
            next[e] = next[e - 1] + counts[e - 1];
        for (int i = 0; i < logits.Rows.Count; i++)
        {
            ReadOnlySpan<int> chosen = ids.Integers(ids.Rows.Start + i);
            for (int slot = 0; slot < k; slot++)
            {
                int row = next[chosen[slot]]++;
                permutation.Integers(permutation.Rows.Start + row)[0] = (logits.Rows.Start + i) * k + slot;
            }
        }
        Step.Counts.Set(point.Layer, counts);
        return default;
    }

    public Nothing Visit(Permute instruction)
    {
        MatrixView source = View(instruction.Source); // [T, C]
        MatrixView permutation = View(instruction.Permutation); // i32 [T · k, 1]
        MatrixView destination = View(instruction.Destination); // [T · k, C]
        if (destination.IsEmpty)
            return default;
        RequireFormat(source, destination);
        if (source.Columns.Count != destination.Columns.Count)
            throw Fault($"the source has {source.Columns.Count} columns and the destination {destination.Columns.Count}");
        for (int row = destination.Rows.Start; row < destination.Rows.End; row++)
        {
            int token = permutation.Integers(row)[0] / instruction.Count;
            if (token < source.Rows.Start || token >= source.Rows.End)
                throw Fault($"row {row} of the permutation names token {token}, which the source does not have");
            MatrixView.CopyRow(source, token, destination, row);
        }
        return default;
    }

    public Nothing Visit(Mix instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [T · k, C] in the order by expert
        MatrixView permutation = View(instruction.Permutation); // i32 [T · k, 1]
        MatrixView gates = View(instruction.Gates); // f32 [T, k]
        MatrixView destination = View(instruction.Destination); // f32 [T, C]
        if (destination.IsEmpty)
            return default;
        int k = instruction.Count;
        int[] rowOfPair = new int[checked(permutation.Rows.End * k + k)];
        for (int row = permutation.Rows.Start; row < permutation.Rows.End; row++)
            rowOfPair[permutation.Integers(row)[0]] = row;
        for (int token = destination.Rows.Start; token < destination.Rows.End; token++)
        {
            ReadOnlySpan<float> gate = gates.Floats(token);
            Span<float> y = destination.Floats(token);
            for (int slot = 0; slot < k; slot++)
            {
                ReadOnlySpan<float> expert = source.Floats(rowOfPair[token * k + slot]);
                for (int c = 0; c < y.Length; c++)
                {
                    float term = gate[slot] * expert[c];
                    y[c] = slot == 0 ? term : y[c] + term;
                }
            }
        }
        RequireFinite(destination);
        return default;
    }
}
