using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>Which resource of a chip is worth having more of.</summary>
public static class Sensitivity
{
    /// <summary>
    /// Times the step again for each resource, with so many per cent more of it. A static chip keeps its order, so no gain is negative there;
    /// a chip that arbitrates may serve in another order.
    /// </summary>
    /// <returns>Gains, largest first.</returns>
    public static IReadOnlyList<ResourceGain> Of(Tape tape, ChipDescription chip, Step step, TimingOptions options, int percent = 10)
    {
        Timeline timeline = Timeline.Of(tape, chip, step, options);
        List<ResourceGain> gains = [];
        foreach (Resource resource in Enum.GetValues<Resource>())
        {
            Timeline more = Timeline.Of(
                tape,
                chip,
                step,
                options with
                {
                    Increased = resource,
                    IncreasePercent = percent,
                    Order = chip.Execution.Style == ExecutionStyle.Static ? timeline.Order : null,
                }
            );
            Cycles saved = timeline.Makespan - more.Makespan;
            gains.Add(
                new(
                    resource,
                    Duration.FromCycles(saved, chip.Clock),
                    timeline.Makespan.Count == 0 ? 0 : (double)saved.Count / timeline.Makespan.Count
                )
            );
        }
        return [.. gains.OrderByDescending(g => g.Share).ThenBy(g => g.Resource)];
    }
}
