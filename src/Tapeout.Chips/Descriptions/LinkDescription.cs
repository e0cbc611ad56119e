using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>A class of links to other chips.</summary>
public sealed record LinkDescription
{
    /// <summary>The link class, as SEND and EXCHANGE name it.</summary>
    public required string Name { get; init; }

    /// <summary>Links of this class on one chip.</summary>
    [Within("1", "65536")]
    public required int Count { get; init; }

    /// <summary>Bytes per second of one link in each direction.</summary>
    [Within("1MB/s", "1PB/s")]
    public required Bandwidth Bandwidth { get; init; }

    /// <summary>Lanes of one link: pairs of wires in each direction. None: as many as lanes of a common rate would take.</summary>
    [Within("1", "1024")]
    public int? Lanes { get; init; }

    /// <summary>Links on the die that the product does not bring out.</summary>
    [Within("0", "65536")]
    public int? SpareLinks { get; init; }

    /// <summary>From the sender's buffer to the receiver's, one hop, shortest message.</summary>
    [Within("0ns", "1s")]
    public required Duration Latency { get; init; }

    /// <summary>Chips that the links join without another network between them; none: eight.</summary>
    [Within("2", "1048576")]
    public int? Domain { get; init; }

    /// <summary>True if the switches between the chips add what passes them: in-network reduction and multicast. None: they do not.</summary>
    public bool? SwitchReduces { get; init; }

    /// <summary>How the links are meant to be wired.</summary>
    public required string Topology { get; init; }
}
