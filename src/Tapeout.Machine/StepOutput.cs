namespace Tapeout.Machine;

/// <summary>What HOSTOUT handed over in one step, by row of the step's logits rows.</summary>
public sealed class StepOutput
{
    private readonly SortedDictionary<int, float[]> _logits = [];
    private readonly SortedDictionary<int, int> _tokenIds = [];

    /// <summary>Logits by logits row: one value per entry of the vocabulary.</summary>
    public IReadOnlyDictionary<int, float[]> Logits => _logits;

    /// <summary>The drawn token by logits row.</summary>
    public IReadOnlyDictionary<int, int> TokenIds => _tokenIds;

    internal void Clear()
    {
        _logits.Clear();
        _tokenIds.Clear();
    }

    internal void SetTokenId(int row, int id) => _tokenIds[row] = id;

    /// <summary>Tiles hand over their parts of a row one after the other.</summary>
    internal void SetLogits(int row, int vocabulary, int first, ReadOnlySpan<float> values)
    {
        if (!_logits.TryGetValue(row, out float[]? logits) || logits.Length != vocabulary)
            _logits[row] = logits = new float[vocabulary];
        values.CopyTo(logits.AsSpan(first));
    }
}
