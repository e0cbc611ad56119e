namespace Tapeout.Timing;

/// <summary>What is counted.</summary>
public enum WorkKind
{
    /// <summary>Multiplies of a format pair; of floats with their addition.</summary>
    Multiply,

    /// <summary>Additions of an integer product into an accumulator.</summary>
    Accumulate,

    /// <summary>Elementary float32 operations of the vector unit.</summary>
    Vector,

    /// <summary>Elementary functions.</summary>
    Function,

    /// <summary>Elements quantised.</summary>
    Quantise,

    /// <summary>Elements expanded.</summary>
    Dequantise,

    /// <summary>Bytes read from or written to a memory, or carried over a link or the host interface.</summary>
    Bytes,

    /// <summary>Bytes times the tiles that they pass on the network.</summary>
    ByteHops,
}
