namespace Tapeout.Quantities;

/// <summary>A value with its provenance.</summary>
/// <typeparam name="T">The quantity, or its text.</typeparam>
/// <param name="Value">The value.</param>
/// <param name="Confidence">How far it can be trusted.</param>
/// <param name="Sources">Where it comes from: titles, addresses, or identifiers that the file resolves. Empty for an estimate of our own.</param>
/// <param name="Note">The reasoning or a remark.</param>
/// <param name="Range">The band the true value lies in, where one is known.</param>
public sealed record Sourced<T>(
    T Value,
    Confidence Confidence,
    IReadOnlyList<string> Sources,
    string? Note = null,
    SourcedRange<T>? Range = null
)
{
    /// <summary>A value nobody vouches for: what a user writes without a source.</summary>
    public static Sourced<T> Assumed(T value, string? note = null) => new(value, Confidence.Assumed, [], note);

    /// <summary>The same provenance over another form of the value.</summary>
    public Sourced<TResult> Select<TResult>(Func<T, TResult> selector) =>
        new(
            selector(Value),
            Confidence,
            Sources,
            Note,
            Range is null ? null : new SourcedRange<TResult>(selector(Range.Minimum), selector(Range.Maximum))
        );
}
