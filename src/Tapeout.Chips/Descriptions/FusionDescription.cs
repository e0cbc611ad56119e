namespace Tapeout.Chips;

/// <summary>
/// Kernels that a software stack runs as one launch: neighbours in a program whose operations stand in this order, of which any may be absent and
/// each may occur several times in a row.
/// </summary>
public sealed record FusionDescription
{
    /// <summary>What a person calls it.</summary>
    public required string Title { get; init; }

    /// <summary>The operations, in the order of the program.</summary>
    public required IReadOnlyList<FusedOperation> Operations { get; init; }

    /// <summary>What is known of it: where the stack's maker says so, or "estimate" and why.</summary>
    public required string Basis { get; init; }
}
