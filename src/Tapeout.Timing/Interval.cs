namespace Tapeout.Timing;

/// <summary>
/// One execution on the timeline, in ticks: [Start, Issued) decodes, [Issued, Filled) fills, [Filled, Waited) waits for a server that
/// another has, [Waited, Released) works for <see cref="Cause"/>, [Released, Done) is latency after the engine is free.
/// </summary>
internal struct Interval
{
    public long Start;
    public long Issued;
    public long Filled;
    public long Waited;
    public long Released;
    public long Done;
    public Limiter Cause;
    public Limiter LatencyCause;

    /// <summary>The edge that let it start; −1 for none.</summary>
    public int By;
}
