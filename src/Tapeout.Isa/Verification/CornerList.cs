namespace Tapeout.Isa;

/// <summary>
/// Where an instruction is proved: the envelope's bounds and sizes of 1; the first and last rank, tile and iterations, and those where an
/// axis that it names ends.
/// </summary>
internal static class CornerList
{
    private const int MostCandidates = 8;

    public static List<Corner> Of(Tape tape, Role role, LoopStructure loops, int programCounter, int most)
    {
        Instruction instruction = role.Instructions[programCounter];
        int[] descriptors = [.. instruction.Reads, .. instruction.Writes];
        List<Axis> axes = [];
        foreach (int d in descriptors.Distinct())
        {
            Descriptor descriptor = role.Descriptors[d];
            TapeBuffer buffer = role.Buffers[descriptor.Buffer];
            axes.AddRange([descriptor.Rows, descriptor.Columns, buffer.Rows, buffer.Columns]);
        }
        StepSizes bounds = tape.Envelope.Bounds;
        bool hasExperts = axes.Any(a => a.Kind != AxisKind.Plain);
        ExpertCorner[] experts = hasExperts ? [ExpertCorner.All, ExpertCorner.Last, ExpertCorner.None] : [ExpertCorner.All];
        int[] ranks = Candidates(role.Ranks, Ends(axes, bounds, a => a.RankStep, a => a.Total.Evaluate(bounds)));
        int[] tiles = Candidates(
            instruction.Tiles.Count,
            Ends(axes, bounds, a => a.TileStep, a => a.RankStep > 0 ? a.RankStep : a.Total.Evaluate(bounds))
        );
        List<Corner> corners = [];
        foreach (StepSizes sizes in (StepSizes[])[bounds, new(1, 1, 1)])
        {
            List<LoopIndices> indices = [default];
            foreach (int loop in loops.Enclosing[programCounter])
            {
                Loop opened = (Loop)role.Instructions[loop];
                int count = opened.Count.Evaluate(sizes);
                List<int> ends = [1, .. Ends(axes, bounds, a => Step(a, opened.Level), a => Part(a, opened.Level, bounds))];
                int[] values = Candidates(count, ends);
                indices = [.. indices.SelectMany(i => values.Select(v => i.With(opened.Level, v)))];
            }
            foreach (LoopIndices index in indices)
            {
                foreach (ExpertCorner expert in experts)
                {
                    foreach (int rank in ranks)
                    {
                        foreach (int tile in tiles)
                        {
                            if (corners.Count >= most)
                                return corners;
                            corners.Add(new(sizes, rank, tile, index, expert));
                        }
                    }
                }
            }
        }
        return corners;
    }

    private static int Step(Axis axis, int level) =>
        axis.LoopStep > 0 && axis.LoopLevel == level ? axis.LoopStep
        : axis.InnerStep > 0 && axis.InnerLevel == level ? axis.InnerStep
        : 0;

    private static int Part(Axis axis, int level, StepSizes bounds)
    {
        int part = axis.Total.Evaluate(bounds);
        if (axis.RankStep > 0)
            part = Math.Min(part, axis.RankStep);
        if (axis.TileStep > 0)
            part = Math.Min(part, axis.TileStep);
        return axis.LoopStep > 0 && axis.LoopLevel != level ? Math.Min(part, axis.LoopStep) : part;
    }

    /// <summary>The part in which each divided axis ends.</summary>
    private static List<int> Ends(List<Axis> axes, StepSizes bounds, Func<Axis, int> step, Func<Axis, int> part)
    {
        List<int> ends = [];
        foreach (Axis axis in axes)
        {
            if (step(axis) > 0)
                ends.Add(part(axis) / step(axis));
        }
        return ends;
    }

    private static int[] Candidates(int count, List<int> ends) =>
        [.. ends.Prepend(count - 1).Prepend(0).Where(i => i >= 0 && i < count).Distinct().Take(MostCandidates)];
}
