using Tapeout.Isa;

namespace Tapeout.Compiler;

/// <summary>
/// Proves what tiling promises of each matrix product: over all ranks, tiles and iterations every output channel meets every element of K
/// exactly once.
/// </summary>
internal static class TileVerifier
{
    /// <summary>Sentences, one a broken promise; none if all hold.</summary>
    public static IReadOnlyList<string> Verify(Role role, StepSizes bounds)
    {
        List<string> problems = [];
        Stack<Loop> open = new();
        foreach (Instruction instruction in role.Instructions)
        {
            if (instruction is Loop loop)
                open.Push(loop);
            else if (instruction is End)
                open.Pop();
            else if (instruction is MatMul product)
                Check(role, product, open, bounds, problems);
        }
        return problems;
    }

    private static void Check(Role role, MatMul product, IEnumerable<Loop> loops, StepSizes bounds, List<string> problems)
    {
        Axis channels = role.Descriptors[product.Y].Columns;
        Axis depth = role.Descriptors[product.X].Columns;
        List<LoopIndices> iterations = [default];
        foreach (Loop loop in loops)
        {
            // Other loops (layers, experts) repeat the whole product with other weights.
            if (!Follows(channels, loop.Level) && !Follows(depth, loop.Level))
                continue;
            int count = loop.Count.Evaluate(bounds);
            iterations = [.. iterations.SelectMany(i => Enumerable.Range(0, count).Select(index => i.With(loop.Level, index)))];
        }
        HashSet<(AxisRange Channels, AxisRange Depth)> parts = [];
        Step step = new() { Sequences = [], Tokens = [] };
        // Members between which neither axis is divided multiply the same part.
        int ranks = channels.RankStep > 0 || depth.RankStep > 0 ? role.Ranks : 1;
        int tiles = channels.TileStep > 0 || depth.TileStep > 0 ? product.Tiles.Count : 1;
        for (int rank = 0; rank < ranks; rank++)
        {
            for (int tile = 0; tile < tiles; tile++)
            {
                foreach (LoopIndices index in iterations)
                {
                    ResolveContext context = new(step, rank, tile, index, -1);
                    AxisRange n = channels.Resolve(context);
                    AxisRange k = depth.Resolve(context);
                    if (n.Count > 0 && k.Count > 0)
                        parts.Add((n, k));
                }
            }
        }
        int width = channels.Total.Evaluate(bounds);
        AxisRange[] all = [.. parts.Select(p => p.Channels).Distinct().OrderBy(r => r.Start)];
        AxisRange[] deep = [.. parts.Select(p => p.Depth).Distinct().OrderBy(r => r.Start)];
        string name = role.Buffers[role.Descriptors[product.Y].Buffer].Name;
        if (!Tiles(all, width))
            problems.Add($"the parts of the {width} channels of '{name}' are not each channel once: {Show(all)}");
        if (!Tiles(deep, product.PlanLength))
            problems.Add($"the parts of K of '{name}' are not each of its {product.PlanLength} elements once: {Show(deep)}");
        if (parts.Count != all.Length * deep.Length)
            problems.Add(
                $"'{name}' has {all.Length} parts of channels and {deep.Length} of K, but only {parts.Count} of their pairs are multiplied"
            );
    }

    private static bool Follows(Axis axis, int level) =>
        (axis.LoopStep > 0 && axis.LoopLevel == level) || (axis.InnerStep > 0 && axis.InnerLevel == level);

    /// <summary>True if the ranges, by rising start, follow each other from 0 to <paramref name="size"/>.</summary>
    private static bool Tiles(AxisRange[] ranges, int size)
    {
        int next = 0;
        foreach (AxisRange range in ranges)
        {
            if (range.Start != next)
                return false;
            next = range.End;
        }
        return next == size;
    }

    private static string Show(AxisRange[] ranges) =>
        string.Join(", ", ranges.Take(8).Select(r => $"{r.Start}–{r.End}")) + (ranges.Length > 8 ? " …" : "");
}
