namespace Tapeout.Numerics;

/// <summary>
/// Random numbers from a counter, not from a state: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011). A draw depends on
/// seed, request, position and index only, never on which draws came before.
/// </summary>
public static class CounterRandom
{
    /// <summary>A uniform number in [0, 1), a multiple of 2⁻²⁴.</summary>
    /// <param name="seed">The user's seed: the key.</param>
    /// <param name="request">The request: counter words 2 and 3.</param>
    /// <param name="position">The absolute position of the token drawn: counter word 1.</param>
    /// <param name="index">The number of the draw at this position: word index mod 4 of counter word 0 = index / 4.</param>
    public static float Uniform(ulong seed, ulong request, uint position, uint index) =>
        (Word(seed, request, position, index) >> 8) * 5.9604644775390625e-8f;

    /// <summary>32 random bits; parameters as for <see cref="Uniform"/>.</summary>
    public static uint Word(ulong seed, ulong request, uint position, uint index)
    {
        unchecked
        {
            (uint a, uint b, uint c, uint d) = Philox(
                (index >> 2, position, (uint)request, (uint)(request >> 32)),
                ((uint)seed, (uint)(seed >> 32))
            );
            return (index & 3) switch
            {
                0 => a,
                1 => b,
                2 => c,
                _ => d,
            };
        }
    }

    /// <summary>Philox4x32-10: ten rounds of a 128-bit counter under a 64-bit key.</summary>
    public static (uint X0, uint X1, uint X2, uint X3) Philox((uint X0, uint X1, uint X2, uint X3) counter, (uint K0, uint K1) key)
    {
        unchecked
        {
            for (int round = 0; round < 10; round++)
            {
                ulong first = (ulong)0xD2511F53 * counter.X0;
                ulong second = (ulong)0xCD9E8D57 * counter.X2;
                counter = (
                    (uint)(second >> 32) ^ counter.X1 ^ key.K0,
                    (uint)second,
                    (uint)(first >> 32) ^ counter.X3 ^ key.K1,
                    (uint)first
                );
                key = (key.K0 + 0x9E3779B9, key.K1 + 0xBB67AE85);
            }
            return counter;
        }
    }
}
