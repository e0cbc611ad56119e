namespace Tapeout.Isa;

/// <summary>One token of a step.</summary>
/// <param name="Id">The token's identifier.</param>
/// <param name="Position">Its position in the sequence, from 0.</param>
/// <param name="Sequence">The row of its sequence.</param>
public readonly record struct TokenRow(int Id, int Position, int Sequence);
