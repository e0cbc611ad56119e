using System.Collections.Immutable;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing;

/// <summary>The attention of one layer on one chip.</summary>
internal readonly record struct AttentionShape
{
    public required ImmutableArray<SequenceRow> Sequences { get; init; }

    public required int Window { get; init; }

    public required int Heads { get; init; }

    public required int KvHeads { get; init; }

    public required int HeadDimension { get; init; }

    public required NumberFormat Kv { get; init; }

    public required NumberFormat Query { get; init; }

    /// <summary>True where the values are the bytes of the keys.</summary>
    public required bool SharesKeysAndValues { get; init; }
}
