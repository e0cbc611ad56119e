using System.Collections.Immutable;

namespace Tapeout.Isa;

/// <summary>One sequence of a step.</summary>
/// <param name="FirstToken">Its first row in the token table.</param>
/// <param name="NewTokens">Its rows in the token table.</param>
/// <param name="Context">Positions already in the KV cache before the step.</param>
/// <param name="Pages">Its KV pages: position p lies in page Pages[p / 64].</param>
public sealed record SequenceRow(int FirstToken, int NewTokens, int Context, ImmutableArray<int> Pages);
