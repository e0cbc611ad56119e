using Tapeout.Chips;

namespace Tapeout.Timing;

/// <summary>What a timing takes for granted besides the tape, the chip and the step.</summary>
public sealed record TimingOptions
{
    /// <summary>The chip's own figures, no software in between.</summary>
    public static TimingOptions Default { get; } = new();

    /// <summary>The software that launches kernels and runs collectives; none: the chip's own figures.</summary>
    public SoftwareStack? Software { get; init; }

    /// <summary>A resource of which there is more than the chip's file says.</summary>
    public Resource? Increased { get; init; }

    /// <summary>How much more, in per cent.</summary>
    public int IncreasePercent { get; init; } = 10;

    /// <summary>
    /// The order in which instructions are served, from <see cref="Timeline.Order"/> of another run of the same tape and step: a static
    /// schedule. None: first come, first served, ties by place in the stream. Ranks that are expanded take the order of rank 0 alone, too.
    /// </summary>
    public IReadOnlyList<int>? Order { get; init; }

    /// <summary>
    /// The rank whose parts are timed. Rank 0, whose parts no other rank's exceed, stands for all; another shows that this is so.
    /// </summary>
    public int Rank { get; init; }

    /// <summary>
    /// True to time every rank, each with engines, memory and links of its own, side by side: none begins a collective before all have
    /// arrived, none has its result before the slowest has. False: rank 0 stands for all.
    /// </summary>
    /// <remarks>
    /// Where the ranks' parts are equal, every execution of every rank starts and ends when rank 0's does alone, first come first served as in
    /// an order. Where parts differ and none of rank 0's is smaller, under the order of rank 0 alone no execution of any rank starts or ends
    /// later than rank 0's does alone, since times are maxima of sums of durations; nor earlier than that of its own rank without the
    /// others. Without an order that is no theorem: who comes first may change. Experts of another rank may be busier than those of rank 0:
    /// then the ranks together take longer.
    /// </remarks>
    public bool ExpandsRanks { get; init; }

    /// <summary>How tokens spread over experts where the step has no counts.</summary>
    public ExpertDistribution Experts { get; init; } = ExpertDistribution.Even;

    /// <summary>The kernels of the software on a chip that launches them; none for chips with a static schedule, or without software.</summary>
    internal KernelLibrary? LibraryOn(ChipDescription chip) => chip.Execution.Style == ExecutionStyle.Dynamic ? Software?.Library : null;

    /// <summary>
    /// The stack of the catalog whose kernels were fitted on a chip; none for chips that execute statically or were never measured.
    /// </summary>
    public static SoftwareStack? SoftwareFor(ChipDescription chip) =>
        chip.Execution.Style == ExecutionStyle.Static
            ? null
            : ChipCatalog
                .Names(CatalogFolder.Software)
                .Select(name => SoftwareStack.Load(name))
                .FirstOrDefault(stack => stack.Chip == chip.Name && stack.Library is not null);
}
