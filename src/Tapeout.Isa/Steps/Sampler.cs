namespace Tapeout.Isa;

/// <summary>How a token is drawn from its candidates.</summary>
/// <param name="Temperature">0 for greedy: the largest logit, ties to the lowest identifier.</param>
/// <param name="TopK">Only the k largest are considered; 0 for all candidates.</param>
/// <param name="TopP">Only the smallest leading set whose probability reaches p is considered; 1 for all.</param>
/// <param name="Seed">Key of the counter-based random numbers.</param>
/// <param name="Request">The request's number, the second key; the third is the position.</param>
public sealed record Sampler(float Temperature, int TopK, float TopP, ulong Seed, ulong Request)
{
    /// <summary>The largest logit.</summary>
    public static Sampler Greedy { get; } = new(0, 0, 1, 0, 0);
}
