namespace Tapeout.Chips;

/// <summary>The shape of the network on the die.</summary>
public enum NetworkKind
{
    /// <summary>A two-dimensional mesh over the tile grid; distance is rows plus columns.</summary>
    Mesh,

    /// <summary>One ring over all tiles.</summary>
    Ring,

    /// <summary>Every tile reaches every other in one hop.</summary>
    Crossbar,
}
