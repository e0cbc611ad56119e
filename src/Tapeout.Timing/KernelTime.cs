namespace Tapeout.Timing;

/// <summary>What a library's kernel asks of the chip: its cores, the SRAM they share, the memory behind it.</summary>
/// <param name="Fill">Cycles of beginnings and ends of thread blocks.</param>
/// <param name="Work">Cycles of the cores' main loops, wave after wave.</param>
/// <param name="SharedCycles">Cycles of the shared SRAM.</param>
/// <param name="Cause">What the main loops wait for.</param>
/// <param name="MemoryCause">What the bytes are.</param>
internal readonly record struct KernelTime(long Fill, long Work, long SharedCycles, Limiter Cause, Limiter MemoryCause)
{
    /// <summary>True where thread blocks stream the memory themselves: after their beginning, at the memory's own efficiency.</summary>
    public bool Streams { get; init; }
}
