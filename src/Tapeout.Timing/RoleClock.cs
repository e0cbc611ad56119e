using Tapeout.Chips;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>A role's chip in ticks of the timeline, which are cycles of the first role's chip.</summary>
internal sealed class RoleClock
{
    private readonly long _ticksPerSecond;
    private readonly long _clock;
    private readonly Int128 _bytesPerSecond;
    private readonly Int128 _streamedPerSecond;

    public RoleClock(ChipDescription chip, Frequency ticks, TimingOptions options)
    {
        Chip = chip;
        _ticksPerSecond = ticks.Count;
        _clock = chip.Clock.Count;
        decimal? reached = options.LibraryOn(chip)?.MemoryEfficiency;
        HidesMemoryLatency = reached is not null;
        foreach (MemoryDescription memory in chip.Memory)
        {
            _bytesPerSecond += (Int128)((decimal)memory.Bandwidth.Count * (reached ?? memory.Efficiency));
            _streamedPerSecond += (Int128)((decimal)memory.Bandwidth.Count * memory.Efficiency);
        }
        if (options.Increased == Resource.MemoryBandwidth)
        {
            _bytesPerSecond = _bytesPerSecond * (100 + options.IncreasePercent) / 100;
            _streamedPerSecond = _streamedPerSecond * (100 + options.IncreasePercent) / 100;
        }
        if (chip.Memory.Count > 0)
            MemoryLatency = (long)((chip.Memory[0].Latency.Count * _ticksPerSecond + 999_999_999_999_999) / 1_000_000_000_000_000);
        if (options.Increased == Resource.Latency)
            MemoryLatency = (MemoryLatency * 100 + 99 + options.IncreasePercent) / (100 + options.IncreasePercent);
    }

    public ChipDescription Chip { get; }

    /// <summary>True where a library's launch gap, which was measured, holds the latency of the first bytes.</summary>
    public bool HidesMemoryLatency { get; }

    public long MemoryLatency { get; }

    /// <summary>Cycles of the role's chip as ticks, rounded up.</summary>
    public long Ticks(long cycles) => _clock == _ticksPerSecond ? cycles : (long)((cycles * (Int128)_ticksPerSecond + _clock - 1) / _clock);

    /// <summary>Ticks for which bytes take the memory beside the die; 0 without one.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="streams">True for long streams, which reach the memory's own efficiency.</param>
    public long MemoryTicks(long bytes, bool streams = false)
    {
        Int128 rate = streams ? _streamedPerSecond : _bytesPerSecond;
        return bytes == 0 || rate == 0 ? 0 : (long)((bytes * (Int128)_ticksPerSecond + rate - 1) / rate);
    }
}
