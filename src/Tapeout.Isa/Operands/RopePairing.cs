namespace Tapeout.Isa;

/// <summary>Which dimensions of a head are rotated together. The values reach disk: the list only grows.</summary>
public enum RopePairing : byte
{
    /// <summary>Neighbours 2i and 2i + 1 (GGUF of the llama family).</summary>
    Interleaved = 0,

    /// <summary>i and i + d/2 (Hugging Face order).</summary>
    HalfSplit = 1,
}
