using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine.Fast;

/// <summary>
/// Cosines and sines of a step's positions, laid out for <see cref="Numerics.Kernels.RowFunctions.Rotate"/>: queries and keys of all layers turn by the same
/// angles, so that they are computed once a step.
/// </summary>
internal sealed class RotationTable
{
    private Step? _step;
    private AxisRange _rows;
    private int[] _words = [];
    private RopePairing _pairing;
    private int _width;
    private float[] _cosines = [];
    private float[] _sines = [];

    /// <summary>Computes what the last call has not.</summary>
    public void Prepare(Step step, AxisRange rows, ReadOnlySpan<int> words, Rotate instruction)
    {
        int pairs = instruction.RotaryDimensions / 2;
        bool interleaved = instruction.Pairing == RopePairing.Interleaved;
        words = words[..(2 * pairs)];
        if (ReferenceEquals(step, _step) && rows == _rows && instruction.Pairing == _pairing && words.SequenceEqual(_words))
            return;
        _step = null;
        _width = interleaved ? 2 * pairs : pairs;
        if (_cosines.Length < rows.Count * _width)
        {
            _cosines = new float[rows.Count * _width];
            _sines = new float[rows.Count * _width];
        }
        for (int i = 0; i < rows.Count; i++)
        {
            ulong position = (ulong)step.Tokens[rows.Start + i].Position;
            for (int pair = 0; pair < pairs; pair++)
            {
                ulong turn = unchecked((uint)words[2 * pair] | (ulong)(uint)words[2 * pair + 1] << 32);
                ulong angle = unchecked(position * turn); // a fraction of a turn: whole turns drop out
                float cosine = Elementary.Cosine(angle);
                float sine = Elementary.Sine(angle);
                int at = i * _width + (interleaved ? 2 * pair : pair);
                _cosines[at] = cosine;
                _sines[at] = interleaved ? -sine : sine;
                if (interleaved)
                {
                    _cosines[at + 1] = cosine;
                    _sines[at + 1] = sine;
                }
            }
        }
        _words = words.SequenceEqual(_words) ? _words : words.ToArray();
        _pairing = instruction.Pairing;
        _rows = rows;
        _step = step;
    }

    /// <summary>The cosines of row <paramref name="row"/>, counted from 0.</summary>
    public ReadOnlySpan<float> Cosines(int row) => _cosines.AsSpan(row * _width, _width);

    /// <summary>The sines of row <paramref name="row"/>, counted from 0.</summary>
    public ReadOnlySpan<float> Sines(int row) => _sines.AsSpan(row * _width, _width);
}
