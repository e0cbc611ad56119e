using Tapeout.Chips;
using Tapeout.Isa;

namespace Tapeout.Timing;

/// <summary>The operations and bytes of one step, exact whole numbers over all ranks and tiles of all roles.</summary>
public sealed class StepWork
{
    private StepWork(IReadOnlyList<WorkLine> lines) => Lines = lines;

    /// <summary>The work by instruction and kind.</summary>
    public IReadOnlyList<WorkLine> Lines { get; }

    /// <summary>The work of all instructions of one kind.</summary>
    public Int128 Of(WorkItem item) => Sum(line => line.Item == item);

    /// <summary>All bytes of one level and purpose, read and written.</summary>
    public Int128 Bytes(MemoryLevel level, Purpose purpose) =>
        Sum(line => line.Item.Kind == WorkKind.Bytes && line.Item.Level == level && line.Item.Purpose == purpose);

    /// <summary>All multiplies.</summary>
    public Int128 Multiplies => Sum(line => line.Item.Kind == WorkKind.Multiply);

    /// <summary>The counts of the lines that fit, summed.</summary>
    public Int128 Sum(Func<WorkLine, bool> fits)
    {
        Int128 sum = 0;
        foreach (WorkLine line in Lines)
        {
            if (fits(line))
                sum += line.Count;
        }
        return sum;
    }

    /// <summary>Counts a step of a tape.</summary>
    /// <param name="tape">A verified tape.</param>
    /// <param name="chip">The chip all roles were compiled for.</param>
    /// <param name="step">Shapes; where it holds no expert counts they come from <paramref name="options"/>.</param>
    /// <param name="options">How tokens spread over experts, and the software whose kernels do the products and which of them it fuses.</param>
    /// <param name="rank">The rank of every role that is counted alone; none for all ranks.</param>
    public static StepWork Of(Tape tape, ChipDescription chip, Step step, TimingOptions? options = null, int? rank = null)
    {
        options ??= TimingOptions.Default;
        step = Timeline.WithCounts(tape, step, options.Experts);
        KernelLibrary? library = options.LibraryOn(chip);
        List<WorkLine> lines = [];
        for (int r = 0; r < tape.Roles.Length; r++)
        {
            WorkCounter counter = new(tape, tape.Roles[r], chip, step, options.Software, rank);
            counter.AddAll();
            foreach ((int counterOf, WorkItem item, Int128 count) in counter.Totals())
                lines.Add(new(r, counterOf, item, count));
        }
        return new(lines);
    }
}
