namespace Tapeout.Machine;

/// <summary>What HOSTOUT handed over in one step, by row of the step's logits rows.</summary>
public sealed class StepOutput
{
    // Lists, which keep their room when they are cleared, so that a step allocates nothing.
    private readonly SortedList<int, float[]> _logits = [];
    private readonly SortedList<int, int> _tokenIds = [];
    private readonly Stack<float[]> _free = [];

    /// <summary>Logits by logits row: one value per entry of the vocabulary. They hold until the next step, which writes into the same arrays.</summary>
    public IReadOnlyDictionary<int, float[]> Logits => _logits;

    /// <summary>The drawn token by logits row.</summary>
    public IReadOnlyDictionary<int, int> TokenIds => _tokenIds;

    internal void Clear()
    {
        for (int i = 0; i < _logits.Count; i++)
            _free.Push(_logits.GetValueAtIndex(i));
        _logits.Clear();
        _tokenIds.Clear();
    }

    internal void SetTokenId(int row, int id) => _tokenIds[row] = id;

    /// <summary>Tiles hand over their parts of a row one after the other.</summary>
    internal void SetLogits(int row, int vocabulary, int first, ReadOnlySpan<float> values)
    {
        if (!_logits.TryGetValue(row, out float[]? logits))
            _logits[row] = logits = _free.TryPop(out float[]? free) && free.Length == vocabulary ? free : new float[vocabulary];
        values.CopyTo(logits.AsSpan(first));
    }
}
