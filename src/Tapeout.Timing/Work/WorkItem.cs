using Tapeout.Numerics;

namespace Tapeout.Timing;

/// <summary>A kind of work that has an energy of its own.</summary>
public readonly record struct WorkItem
{
    /// <summary>What is counted.</summary>
    public WorkKind Kind { get; private init; }

    /// <summary>For multiplies the element of the weights; otherwise none.</summary>
    public ElementType Weights { get; private init; }

    /// <summary>For multiplies the element of the activations; otherwise none.</summary>
    public ElementType Activations { get; private init; }

    /// <summary>For bytes, where.</summary>
    public MemoryLevel Level { get; private init; }

    /// <summary>For bytes, true if they are written.</summary>
    public bool IsWrite { get; private init; }

    /// <summary>For bytes, what they are.</summary>
    public Purpose Purpose { get; private init; }

    /// <summary>Multiplies of a format pair.</summary>
    public static WorkItem Multiply(ElementType weights, ElementType activations) =>
        new()
        {
            Kind = WorkKind.Multiply,
            Weights = weights == ElementType.U4 ? ElementType.I4 : weights,
            Activations = activations,
        };

    /// <summary>An operation without a format pair.</summary>
    public static WorkItem Operation(WorkKind kind) => new() { Kind = kind };

    /// <summary>Bytes read.</summary>
    public static WorkItem Read(MemoryLevel level, Purpose purpose) =>
        new()
        {
            Kind = WorkKind.Bytes,
            Level = level,
            Purpose = purpose,
        };

    /// <summary>Bytes written.</summary>
    public static WorkItem Written(MemoryLevel level, Purpose purpose) =>
        new()
        {
            Kind = WorkKind.Bytes,
            Level = level,
            Purpose = purpose,
            IsWrite = true,
        };

    /// <summary>Bytes times the tiles they pass.</summary>
    public static WorkItem Hops(Purpose purpose) =>
        new()
        {
            Kind = WorkKind.ByteHops,
            Level = MemoryLevel.Network,
            Purpose = purpose,
        };

    /// <summary>As in a table: "I4 × I8", "SRAM weights read".</summary>
    public override string ToString() =>
        Kind switch
        {
            WorkKind.Multiply => $"multiply {Weights} × {Activations}",
            WorkKind.Bytes => $"{Level} {Purpose} {(IsWrite ? "written" : "read")}, bytes",
            WorkKind.ByteHops => $"{Level} {Purpose}, bytes × tiles passed",
            _ => Kind.ToString(),
        };
}
