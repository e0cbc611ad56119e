namespace Tapeout.Machine.Sessions;

/// <summary>A token that a session has made.</summary>
/// <param name="Request">The number that <see cref="Session.Add"/> gave the request.</param>
/// <param name="Index">Its place among the request's made tokens, from 0.</param>
/// <param name="Id">Its identifier.</param>
/// <param name="Finish">Why it is the last; None if it is not.</param>
public readonly record struct GeneratedToken(int Request, int Index, int Id, FinishReason Finish);
