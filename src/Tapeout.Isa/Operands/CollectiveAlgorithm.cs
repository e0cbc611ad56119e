namespace Tapeout.Isa;

/// <summary>How an exchange or reduction travels. No value depends on it. The values reach disk: the list only grows.</summary>
public enum CollectiveAlgorithm : byte
{
    /// <summary>Every member sends to every other.</summary>
    Direct = 0,

    /// <summary>Neighbour to neighbour, members − 1 steps.</summary>
    Ring = 1,

    /// <summary>log2(members) steps of doubling distance.</summary>
    Butterfly = 2,

    /// <summary>Up a binary tree and down again.</summary>
    Tree = 3,

    /// <summary>The network copies a packet on its way.</summary>
    Multicast = 4,

    /// <summary>The switches combine.</summary>
    InNetwork = 5,
}
