namespace Tapeout.Numerics;

/// <summary>What is added to a code before or after scaling. The values reach disk: the list only grows.</summary>
public enum OffsetKind : byte
{
    /// <summary>Symmetric: value = code · scale.</summary>
    None = 0,

    /// <summary>Integer zero point: value = (code − zero) · scale.</summary>
    ZeroPoint = 1,

    /// <summary>Float minimum, as GGUF Q4_1: value = code · scale + minimum, two roundings.</summary>
    Minimum = 2,
}
