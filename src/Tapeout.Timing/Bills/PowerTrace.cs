using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>The power of one card over one step, in equal slices of time. Energy of an instruction is spread evenly over its interval.</summary>
/// <param name="Watts">Mean power of each slice.</param>
/// <param name="Duration">The whole step.</param>
public sealed record PowerTrace(IReadOnlyList<double> Watts, Duration Duration)
{
    /// <summary>The highest slice.</summary>
    public double PeakWatts => Watts.Count == 0 ? 0 : Watts.Max();

    /// <summary>Lays the energy of a step on its timeline.</summary>
    /// <param name="timeline">The step's intervals.</param>
    /// <param name="energy">The energy of the same step, all chips.</param>
    /// <param name="slices">How many slices.</param>
    public static PowerTrace Of(Timeline timeline, PhaseEnergy energy, int slices = 200)
    {
        long makespan = timeline.Makespan.Count;
        Duration duration = Duration.FromCycles(timeline.Makespan, timeline.Clock);
        if (makespan == 0)
            return new([], duration);
        List<TimelineEntry> entries = [.. timeline.Entries];
        Dictionary<(int, int), int> executions = entries.GroupBy(e => (e.Role, e.ProgramCounter)).ToDictionary(g => g.Key, g => g.Count());
        Dictionary<(int, int), double> joules = energy
            .Lines.Where(l => l.Role >= 0 && l.Boundary <= Boundary.Card)
            .GroupBy(l => (l.Role, l.ProgramCounter))
            .ToDictionary(g => g.Key, g => g.Sum(l => l.Energy.Typical.TotalJoules));
        double[] slice = new double[slices];
        foreach (TimelineEntry entry in entries)
        {
            if (!joules.TryGetValue((entry.Role, entry.ProgramCounter), out double all))
                continue;
            double each = all / executions[(entry.Role, entry.ProgramCounter)];
            double from = (double)entry.Start / makespan * slices;
            double to = Math.Max((double)Math.Min(makespan, entry.Done) / makespan * slices, from + 1e-9);
            for (int s = (int)from; s < slices && s < to; s++)
                slice[s] += each * (Math.Min(to, s + 1) - Math.Max(from, s)) / (to - from);
        }
        double seconds = duration.TotalSeconds / slices;
        // What work takes on top of what is taken without it; losses of regulators in proportion.
        double work = energy.Sum(l => l.Role >= 0 && l.Boundary <= Boundary.Card).Typical.TotalJoules;
        double rest = energy.Sum(l => l.Part == EnergyPart.Static).Typical.TotalJoules / energy.Duration.TotalSeconds / energy.Chips;
        double loss = energy.Of(EnergyPart.Conversion, Boundary.Card).Typical.TotalJoules;
        double factor = 1 + loss / Math.Max(1e-30, work + rest * energy.Duration.TotalSeconds * energy.Chips);
        return new([.. slice.Select(j => (j / seconds / energy.Chips + rest) * factor)], duration);
    }
}
