namespace Tapeout.Machine.Fast;

/// <summary>
/// How a run of equal units of work is cut into items for a team: in rounds, of which the first hands every member a long item and each further one half of
/// what is left, down to single units, so that whoever is done first takes from the rest and all end together. Items are consecutive.
/// </summary>
internal readonly struct Shares
{
    private readonly int _units;
    private readonly int _members;
    private readonly int _first;

    /// <param name="units">Units of work.</param>
    /// <param name="members">Who takes part; 1 for one item.</param>
    /// <param name="firstRound">What the first round hands out of all, in eighths.</param>
    public Shares(int units, int members, int firstRound)
    {
        _units = units;
        _members = members;
        _first = members == 1 ? units : Math.Max(1, units * firstRound / 8 / members);
        int left = units;
        for (int size = _first; left > 0; size = Next(left))
        {
            int items = Math.Min(_members, (left + size - 1) / size);
            Count += items;
            left -= Math.Min(left, items * size);
        }
    }

    /// <summary>Items.</summary>
    public int Count { get; }

    /// <summary>The first unit of an item, and how many it has.</summary>
    public (int First, int Count) Of(int item)
    {
        int start = 0;
        int size = _first;
        for (; item >= _members; item -= _members)
        {
            start += _members * size;
            size = Next(_units - start);
        }
        start += item * size;
        return (start, Math.Min(size, _units - start));
    }

    private int Next(int left) => Math.Max(1, left / (2 * _members));
}
