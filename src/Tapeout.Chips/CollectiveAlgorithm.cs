namespace Tapeout.Chips;

/// <summary>How a collective is carried out over links.</summary>
public enum CollectiveAlgorithm
{
    /// <summary>Every chip sends to every other.</summary>
    Direct,

    /// <summary>Around a ring, one neighbour at a time.</summary>
    Ring,

    /// <summary>Recursive doubling: log2 steps between partners at distance 1, 2, 4 …</summary>
    Butterfly,

    /// <summary>Up and down a tree.</summary>
    Tree,

    /// <summary>One send that the network copies.</summary>
    Multicast,

    /// <summary>The switches combine.</summary>
    InNetwork,
}
