namespace Tapeout.Models;

/// <summary>Which two elements of a head a rotary embedding turns together.</summary>
public enum RopePairing
{
    /// <summary>Neighbours 2i and 2i + 1: GGUF files of the llama architecture.</summary>
    Interleaved,

    /// <summary>i and i + d/2: Hugging Face files, and GGUF files of most other architectures.</summary>
    HalfSplit,
}
