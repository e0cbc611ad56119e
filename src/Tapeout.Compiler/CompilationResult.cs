using Tapeout.Isa;

namespace Tapeout.Compiler;

/// <summary>A compiled model.</summary>
/// <param name="Tape">The program.</param>
/// <param name="Constants">The quantised model; null if only the shape was compiled.</param>
/// <param name="Report">Where it lies.</param>
/// <param name="Dumps">The text of each stage, by its name: graph, quantise, partition, tile, schedule.</param>
public sealed record CompilationResult(
    Tape Tape,
    QuantisedModel? Constants,
    CompilationReport Report,
    IReadOnlyDictionary<string, Func<string>> Dumps
);
