using Tapeout.Numerics;

namespace Tapeout.Models.Importers.GgufBlocks;

/// <summary>De-quantises whole blocks: <paramref name="blocks"/> is a multiple of a block's bytes, <paramref name="values"/> as many elements.</summary>
internal delegate void BlockDecoder(ReadOnlySpan<byte> blocks, Span<float> values);

/// <summary>
/// Moves whole blocks into planes: <paramref name="codes"/> gets the codes in column order (lower column in the low bits), <paramref
/// name="scales"/> and <paramref name="minima"/> one binary16 a block. False if a block holds a code that the format does not have.
/// </summary>
internal delegate bool BlockRepacker(ReadOnlySpan<byte> blocks, Span<byte> codes, Span<byte> scales, Span<byte> minima);

/// <summary>One ggml tensor type: <paramref name="Elements"/> consecutive elements of a row in <paramref name="Bytes"/> bytes.</summary>
/// <param name="Type">The number in the file.</param>
/// <param name="Name">The name: Q4_K, IQ2_XXS …</param>
/// <param name="Elements">Elements of a block.</param>
/// <param name="Bytes">Bytes of a block.</param>
/// <param name="Decode">De-quantises.</param>
/// <param name="Native">The format that holds the same numbers exactly, where there is one.</param>
/// <param name="Repack">Moves blocks into the planes of <paramref name="Native"/>; null where Native is plain (the bytes are the codes).</param>
internal sealed record BlockFormat(
    uint Type,
    string Name,
    int Elements,
    int Bytes,
    BlockDecoder Decode,
    NumberFormat? Native = null,
    BlockRepacker? Repack = null
);
