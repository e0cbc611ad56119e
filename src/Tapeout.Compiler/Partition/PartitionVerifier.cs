using Tapeout.Isa;
using Tapeout.Models.Graphs;

namespace Tapeout.Compiler;

/// <summary>
/// Proves what partitioning promises: every weight of the graph is held, in the format that the quantised model gives it, and the parts of
/// ranks and tiles are the whole of it.
/// </summary>
internal static class PartitionVerifier
{
    /// <summary>Sentences, one a broken promise; none if all hold.</summary>
    public static IReadOnlyList<string> Verify(
        ModelGraph graph,
        Func<string, Numerics.NumberFormat> formatOf,
        IReadOnlyList<TapeBuffer> buffers,
        int ranks,
        int tiles,
        StepSizes bounds
    )
    {
        List<string> problems = [];
        Dictionary<string, List<TapeBuffer>> held = [];
        foreach (TapeBuffer buffer in buffers.Where(b => b.Kind == BufferKind.Constant))
        {
            for (int layer = 0; layer < buffer.Stack0; layer++)
            {
                string tensor = buffer.TensorOf(layer);
                if (!held.TryGetValue(tensor, out List<TapeBuffer>? holders))
                    held[tensor] = holders = [];
                holders.Add(buffer);
            }
            Covers(buffer, "rows", buffer.Rows);
            Covers(buffer, "columns", buffer.Columns);
        }
        foreach (WeightReference weight in graph.Nodes.SelectMany(n => n.Weights).DistinctBy(w => w.Name))
        {
            if (!held.TryGetValue(weight.Name, out List<TapeBuffer>? holders))
            {
                problems.Add($"tensor '{weight.Name}' is held nowhere");
                continue;
            }
            foreach (TapeBuffer buffer in holders)
            {
                if (buffer.Format != formatOf(weight.Name))
                    problems.Add(
                        $"'{buffer.Name}' holds '{weight.Name}' in {buffer.Format}, but it is quantised to {formatOf(weight.Name)}"
                    );
                if (buffer.Columns.Total.Evaluate(bounds) != weight.Columns || buffer.Rows.Total.Evaluate(bounds) != weight.Rows)
                    problems.Add(
                        $"'{buffer.Name}' holds a tensor of another shape than '{weight.Name}', which is {weight.Rows} × {weight.Columns}"
                    );
                if (buffer.Stack1 != weight.Count)
                    problems.Add($"'{buffer.Name}' holds {buffer.Stack1} of the {weight.Count} matrices of '{weight.Name}'");
            }
        }
        return problems;

        void Covers(TapeBuffer buffer, string what, Axis axis)
        {
            long total = axis.Total.Evaluate(bounds);
            long perRank = axis.RankStep > 0 ? Math.Min(total, (long)axis.RankStep * ranks) : total;
            long ofOneRank = axis.RankStep > 0 ? Math.Min(total, axis.RankStep) : total;
            long perTile = axis.TileStep > 0 ? (long)axis.TileStep * tiles : ofOneRank;
            if (perRank < total || perTile < ofOneRank)
                problems.Add($"{ranks} ranks of {tiles} tiles hold only a part of the {total} {what} of '{buffer.Name}' ({axis})");
        }
    }
}
