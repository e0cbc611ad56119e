namespace Tapeout.Machine.Fast;

/// <summary>What a job reads first: a part for each member of a team, at equal distances; and the job after it.</summary>
/// <param name="first">Where the first member's part begins; none of it must be freed while there is a team that may read it.</param>
/// <param name="length">Bytes of all parts; members beyond them have none.</param>
/// <param name="stride">Bytes from one member's part to the next one's.</param>
internal sealed class ReadAhead(nint first, long length, long stride)
{
    /// <summary>What came after it the last time, as it mostly will again; null if nothing has.</summary>
    public ReadAhead? Then { get; set; }

    /// <summary>A member's part.</summary>
    public (nint First, long Bytes) Of(int member)
    {
        long from = Math.Min(member * stride, length);
        return (first + (nint)from, Math.Min(stride, length - from));
    }
}
