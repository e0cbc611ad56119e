using System.Text;
using Tapeout.Numerics;

namespace Tapeout.Models;

/// <summary>
/// The numbers of a tensor drawn from a seed, for a model of which only the shape is known, so that its speed can be measured. A weight depends on the seed and
/// on its tensor's name and place alone, never on who asks for it first. Matrices are uniform with variance 1 / columns, which keeps the size of what passes
/// through; vectors (norms, biases) are uniform in [0.75, 1.25).
/// </summary>
/// <param name="Seed">The key of <see cref="CounterRandom"/>.</param>
/// <param name="Tensor">The tensor's name: a hash of it is counter word 3.</param>
/// <param name="Matrix">Which matrix of a stack: counter word 2.</param>
/// <param name="IsVector">True for norms and biases.</param>
/// <param name="Drawn">Called with the number of weights drawn, from whatever thread draws; null for none.</param>
internal sealed record RandomWeights(ulong Seed, string Tensor, int Matrix, bool IsVector, Action<long>? Drawn)
{
    /// <summary>Weights that one draw of 128 bits makes, of 16 bits each: codes of at most 8 bits are made of them.</summary>
    private const int WeightsPerDraw = 8;

    private readonly uint _name = Hash(Tensor);

    /// <summary>Draws row <paramref name="row"/> (counter word 1), all columns of it (counter word 0 is the column divided by 8).</summary>
    public void Fill(int row, Span<float> destination)
    {
        float centre = IsVector ? 1 : 0;
        float step = (IsVector ? 0.25f : MathF.Sqrt(3f / destination.Length)) / 32768;
        (uint, uint) key = unchecked(((uint)Seed, (uint)(Seed >> 32)));
        Span<uint> words = stackalloc uint[4];
        for (int column = 0; column < destination.Length; column += WeightsPerDraw)
        {
            (uint, uint, uint, uint) counter = ((uint)(column / WeightsPerDraw), (uint)row, (uint)Matrix, _name);
            (words[0], words[1], words[2], words[3]) = CounterRandom.Philox(counter, key);
            for (int i = 0; i < WeightsPerDraw && column + i < destination.Length; i++)
            {
                int bits = (int)(words[i / 2] >> (16 * (i % 2)) & 0xFFFF);
                // Odd multiples of half a step: as many above the centre as below.
                destination[column + i] = centre + (bits - 32767.5f) * step;
            }
        }
        Drawn?.Invoke(destination.Length);
    }

    /// <summary>FNV-1a over the UTF-8 bytes of a name (Fowler, Noll, Vo).</summary>
    private static uint Hash(string name)
    {
        uint hash = 2166136261;
        foreach (byte letter in Encoding.UTF8.GetBytes(name))
            hash = unchecked((hash ^ letter) * 16777619);
        return hash;
    }
}
