namespace Tapeout.Machine.Sessions;

/// <summary>The logits after one position of a request.</summary>
/// <param name="Request">The number that <see cref="Session.Add"/> gave the request.</param>
/// <param name="Position">The position, from 0; the logits predict the token behind it.</param>
/// <param name="Values">One per entry of the vocabulary; good until the next step: copy what is to be kept.</param>
public readonly record struct PositionLogits(int Request, int Position, ReadOnlyMemory<float> Values);
