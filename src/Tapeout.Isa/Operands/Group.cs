namespace Tapeout.Isa;

/// <summary>Who takes part in an exchange. The values reach disk: the list only grows.</summary>
public enum Group : byte
{
    /// <summary>The tiles of the instruction's group, on one chip.</summary>
    Tiles = 0,

    /// <summary>The same tile of every rank of the role.</summary>
    Ranks = 1,

    /// <summary>All tiles of all ranks of the role.</summary>
    All = 2,
}
