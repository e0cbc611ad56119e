namespace Tapeout.Chips;

/// <summary>How the chips of a system are wired.</summary>
public enum TopologyKind
{
    /// <summary>A link between every two chips.</summary>
    FullyConnected,

    /// <summary>Each chip has two neighbours.</summary>
    Ring,

    /// <summary>A two-dimensional mesh.</summary>
    Mesh,

    /// <summary>All chips hang on a switch.</summary>
    Switched,

    /// <summary>Fully connected groups, each pair of which is joined.</summary>
    Dragonfly,
}
