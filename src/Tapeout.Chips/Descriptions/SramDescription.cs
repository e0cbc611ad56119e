using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>The scratch memory of one tile.</summary>
public sealed record SramDescription : IChecked
{
    /// <summary>Bytes of one tile.</summary>
    [Within("1B", "1PiB")]
    public required Bytes Capacity { get; init; }

    /// <summary>Banks of one tile, each of which serves its ports in every cycle.</summary>
    [Within("1", "65536")]
    public required int Banks { get; init; }

    /// <summary>Ports of one bank.</summary>
    [Within("1", "16")]
    public required int Ports { get; init; }

    /// <summary>Bytes that one port moves in one cycle.</summary>
    [Within("1B/cycle", "1MiB/cycle")]
    public required BytesPerCycle BytesPerPort { get; init; }

    /// <summary>Bytes that all ports of one tile move in one cycle.</summary>
    public BytesPerCycle PeakBytesPerCycle => BytesPerPort * Banks * Ports;

    IEnumerable<(string Key, string Problem)> IChecked.Check()
    {
        if (Capacity.Count % Banks != 0)
            yield return ("capacity", $"is {Capacity}, which does not divide into {Banks} banks: make it a multiple of the banks");
    }
}
