using Tapeout.Chips;
using Tapeout.Isa;

namespace Tapeout.Timing;

/// <summary>
/// All executions of all roles of one step, and what each waits for: the instruction before it on its engine (until it releases the engine),
/// signals (until their instruction has its result), messages, and on a chip that launches kernels the kernel before. Edges in compressed
/// rows; the lowest bit says whether a result or a release is waited for. Expanded, each rank of a role is a lane of its own, and lanes meet in
/// their collectives.
/// </summary>
internal sealed class EventGraph
{
    private readonly List<InstructionInstance> _instances = [];
    private readonly List<int> _laneOf = [];
    private readonly List<(int Role, int Rank, int Start, int Folded)> _lanes = [];
    private readonly int[] _ranks;
    private readonly Dictionary<(int Channel, int Rank), List<int>> _sent = [];
    private List<int> _first = [0];
    private List<int> _edges = [];

    /// <summary>Unrolls a step: rank 0 of each role for all, or every rank.</summary>
    public EventGraph(Tape tape, Step step, bool expandsRanks = false, SoftwareStack? software = null)
    {
        // Senders are unrolled before receivers: channels of a verified tape join roles without a cycle of waits.
        List<(Role Role, int Lane, List<InstructionInstance> Instances)> unrolled = [];
        _ranks = [.. tape.Roles.Select(role => expandsRanks ? role.Ranks : 1)];
        for (int r = 0; r < tape.Roles.Length; r++)
        {
            Role role = tape.Roles[r];
            List<InstructionInstance> instances = [.. Sequencer.Unroll(role, step.Sizes)];
            for (int rank = 0; rank < _ranks[r]; rank++)
            {
                int start = _instances.Count;
                foreach (InstructionInstance instance in instances)
                {
                    if (instance.Instruction is Send send)
                        Sent(send.Channel, rank).Add(start + instance.Index);
                }
                unrolled.Add((role, _lanes.Count, instances));
                _instances.AddRange(instances);
                _laneOf.AddRange(Enumerable.Repeat(_lanes.Count, instances.Count));
                _lanes.Add((r, rank, start, FoldedCount));
            }
            FoldedCount += instances.Count;
        }
        Dictionary<(int Channel, int Rank), int> received = [];
        foreach ((Role role, int lane, List<InstructionInstance> instances) in unrolled)
            Connect(role, lane, instances, received, software);
        if (_lanes.Count > tape.Roles.Length)
            Meet();
    }

    public int Count => _instances.Count;

    public InstructionInstance Instance(int index) => _instances[index];

    /// <summary>Executions of rank 0 of each role alone.</summary>
    public int FoldedCount { get; }

    /// <summary>Role and rank of each lane.</summary>
    public IEnumerable<(int Role, int Rank)> Lanes => _lanes.Select(l => (l.Role, l.Rank));

    public int LaneOf(int index) => _laneOf[index];

    public int RoleOf(int index) => _lanes[_laneOf[index]].Role;

    public int RankOf(int index) => _lanes[_laneOf[index]].Rank;

    /// <summary>The same execution's number where rank 0 stands for all: ranks that are served alike are served in turns.</summary>
    public int FoldedIndex(int index) => index - _lanes[_laneOf[index]].Start + _lanes[_laneOf[index]].Folded;

    /// <summary>An order of rank 0's executions as one of every rank's, rank after rank at each place; an order of all is left as it is.</summary>
    public IReadOnlyList<int> Expanded(IReadOnlyList<int> order)
    {
        if (order.Count != FoldedCount || Count == FoldedCount)
            return order;
        List<int> expanded = new(Count);
        int[] starts = [.. _lanes.Select((lane, i) => (lane, i)).Where(l => l.lane.Rank == 0).Select(l => l.i)];
        foreach (int folded in order)
        {
            int first = starts.Last(s => _lanes[s].Folded <= folded);
            for (int lane = first; lane < first + _ranks[_lanes[first].Role]; lane++)
                expanded.Add(_lanes[lane].Start + folded - _lanes[lane].Folded);
        }
        return expanded;
    }

    /// <summary>What an execution waits for: its number · 2, + 1 where its result is waited for.</summary>
    public ReadOnlySpan<int> Predecessors(int index) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_edges)[_first[index].._first[index + 1]];

    private List<int> Sent(int channel, int rank)
    {
        if (!_sent.TryGetValue((channel, rank), out List<int>? list))
            _sent[(channel, rank)] = list = [];
        return list;
    }

    /// <summary>True where every rank of the role takes part.</summary>
    private static bool IsMeeting(Instruction instruction) =>
        instruction switch
        {
            Exchange exchange => exchange.Group != Group.Tiles,
            Reduce reduce => reduce.Group != Group.Tiles,
            AllToAll all => all.Group != Group.Tiles,
            ReduceScatter scatter => scatter.Group != Group.Tiles,
            _ => false,
        };

    /// <summary>
    /// Ranks meet in their collectives: none begins before all that any of them waits for is over, and none has its result before all have
    /// theirs, since each takes parts of every other.
    /// </summary>
    private void Meet()
    {
        List<int> first = [0];
        List<int> edges = [];
        Dictionary<int, int[]> meetings = [];
        HashSet<int> waited = [];
        for (int i = 0; i < Count; i++)
        {
            bool meets = IsMeeting(_instances[i].Instruction);
            if (meets && meetings.TryGetValue(FoldedIndex(i), out int[]? known))
            {
                edges.AddRange(known);
                first.Add(edges.Count);
                continue;
            }
            waited.Clear();
            foreach (int member in meets ? Members(i) : [i])
            {
                foreach (int edge in Predecessors(member))
                {
                    if ((edge & 1) == 0 || !IsMeeting(_instances[edge >> 1].Instruction))
                        waited.Add(edge);
                    else
                        waited.UnionWith(Members(edge >> 1).Select(m => m * 2 + 1));
                }
            }
            edges.AddRange(waited);
            first.Add(edges.Count);
            if (meets)
                meetings[FoldedIndex(i)] = [.. waited];
        }
        (_first, _edges) = (first, edges);
    }

    /// <summary>The same execution of all ranks of its role.</summary>
    private IEnumerable<int> Members(int index)
    {
        int lane = _laneOf[index];
        int within = index - _lanes[lane].Start;
        int zero = lane - _lanes[lane].Rank;
        return Enumerable.Range(zero, _ranks[_lanes[lane].Role]).Select(l => _lanes[l].Start + within);
    }

    private void Connect(
        Role role,
        int lane,
        List<InstructionInstance> instances,
        Dictionary<(int Channel, int Rank), int> received,
        SoftwareStack? software
    )
    {
        (int _, int rank, int start, int _) = _lanes[lane];
        InstructionTraits[] traits = InstructionTraits.Of(role, software);
        List<int>[] signals = [.. role.Tokens.Select(_ => new List<int>())];
        foreach (InstructionInstance instance in instances)
        {
            foreach (int token in instance.Instruction.Signals)
                signals[token].Add(start + instance.Index);
        }
        int[] waited = new int[role.Tokens.Length];
        int[] lastOnEngine = new int[8];
        Array.Fill(lastOnEngine, -1);
        int launch = -1;
        int previous = start;
        bool follows = false;
        int left = 0;
        foreach (InstructionInstance instance in instances)
        {
            int index = start + instance.Index;
            int engine = (int)instance.Instruction.Engine;
            if (lastOnEngine[engine] >= 0)
                _edges.Add(lastOnEngine[engine] * 2);
            lastOnEngine[engine] = index;
            foreach (int token in instance.Instruction.Waits)
            {
                int signal = waited[token]++ - role.Tokens[token].Credits;
                if (signal >= signals[token].Count)
                    throw new InvalidOperationException(
                        $"Instruction {instance.ProgramCounter} waits for a signal of token {token} that is never given."
                    );
                if (signal >= 0)
                    _edges.Add(signals[token][signal] * 2 + 1);
            }
            if (instance.Instruction is Receive receive)
            {
                int number = received.GetValueOrDefault((receive.Channel, rank));
                received[(receive.Channel, rank)] = number + 1;
                // A rank receives from the rank of its number; where the sender has fewer, from its first.
                List<int> sent = Sent(receive.Channel, rank) is { Count: > 0 } own ? own : Sent(receive.Channel, 0);
                if (number < sent.Count)
                    _edges.Add(sent[number] * 2 + 1);
            }
            if (instance.Instruction is Launch kernel)
            {
                // Kernels of one stream follow each other: all since the launch before have their results. Iterations of a grouped kernel and
                // kernels that the software fuses do not wait: they take what the launch before has made as soon as it is there.
                bool joins = launch >= 0 && traits[instance.ProgramCounter].Joins(instance.Loops);
                if (kernel.Replay)
                {
                    for (int before = launch < 0 ? start : launch; before < index && !joins; before++)
                        _edges.Add(before * 2 + 1);
                }
                previous = launch < 0 ? start : launch;
                launch = joins ? launch : index;
                // A host that launches one by one runs ahead: not the launch but the kernel waits for the one before.
                follows = !kernel.Replay && !joins;
                left = kernel.Length;
            }
            else if (left > 0)
            {
                left--;
                _edges.Add(launch * 2 + 1);
                for (int before = previous; before < launch && follows; before++)
                    _edges.Add(before * 2 + 1);
                follows = false;
            }
            _first.Add(_edges.Count);
        }
    }
}
