namespace Tapeout.Compiler;

/// <summary>Where a compiled model lies, and what a reader should know about it.</summary>
public sealed record CompilationReport
{
    /// <summary>SRAM of a tile in use, bytes.</summary>
    public required long SramBytesPerTile { get; init; }

    /// <summary>Memory beside the die in use, bytes per chip.</summary>
    public required long DramBytesPerChip { get; init; }

    /// <summary>ROM in use, bytes per chip.</summary>
    public required long RomBytesPerChip { get; init; }

    /// <summary>Bytes of the KV cache per chip (in SRAM: per tile).</summary>
    public required long KvBytes { get; init; }

    /// <summary>Weight tensors that stay in SRAM.</summary>
    public required int ResidentTensors { get; init; }

    /// <summary>Weight tensors that are streamed from DRAM or read from it in place.</summary>
    public required int StreamedTensors { get; init; }

    /// <summary>Sentences: formats that were changed, choices that were forced.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}
