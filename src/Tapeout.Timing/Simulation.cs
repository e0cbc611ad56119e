using Tapeout.Isa;

namespace Tapeout.Timing;

/// <summary>
/// The event loop. Executions are taken when all they wait for is over, first come first served with ties by role and place in the stream,
/// or in a given order; each starts at once, decodes, and asks for its engine's work and its servers side by side. A server serves one
/// execution after the other, for whole cycles. So every time is a maximum of sums of durations: under a given order no shorter duration
/// makes anything later.
/// </summary>
internal sealed class Simulation
{
    private const int Servers = 8;
    private const int Memory = 0;
    private const int Ports = 1;
    private const int Network = 2;
    private const int Host = 3;
    private const int FirstLink = 4;

    private readonly EventGraph _graph;
    private readonly RoleClock[] _clocks;
    private readonly InstructionCosts[] _costs;
    private readonly long[][] _free;
    private readonly long[][] _served;

    public Simulation(EventGraph graph, RoleClock[] clocks, InstructionCosts[] costs)
    {
        _graph = graph;
        _clocks = clocks;
        _costs = costs;
        _free = [.. clocks.Select(_ => new long[Servers])];
        _served = [.. clocks.Select(_ => new long[Servers])];
        Intervals = new Interval[graph.Count];
        Order = new int[graph.Count];
    }

    public Interval[] Intervals { get; }

    public int[] Order { get; }

    /// <summary>Ticks that a lane's memory was taken.</summary>
    public long MemoryBusy(int lane) => _served[lane][Memory];

    public void Run(IReadOnlyList<int>? order)
    {
        if (order is null)
            RunAsReady();
        else
            RunInOrder(_graph.Expanded(order));
    }

    private void RunInOrder(IReadOnlyList<int> order)
    {
        bool[] over = new bool[_graph.Count];
        if (order.Count != over.Length)
            throw new InvalidOperationException($"The order has {order.Count} executions, but the step has {over.Length}.");
        for (int i = 0; i < order.Count; i++)
        {
            foreach (int edge in _graph.Predecessors(order[i]))
            {
                if (!over[edge >> 1])
                    throw new InvalidOperationException(
                        $"Execution {order[i]} stands in the order before {edge >> 1}, which it waits for."
                    );
            }
            over[order[i]] = true;
            Order[i] = order[i];
            Take(order[i]);
        }
    }

    private void RunAsReady()
    {
        int count = _graph.Count;
        int[] waiting = new int[count];
        int[] first = new int[count + 1];
        for (int i = 0; i < count; i++)
        {
            waiting[i] = _graph.Predecessors(i).Length;
            foreach (int edge in _graph.Predecessors(i))
                first[(edge >> 1) + 1]++;
        }
        for (int i = 0; i < count; i++)
            first[i + 1] += first[i];
        int[] followers = new int[first[count]];
        int[] next = first[..count];
        for (int i = 0; i < count; i++)
        {
            foreach (int edge in _graph.Predecessors(i))
                followers[next[edge >> 1]++] = i;
        }
        PriorityQueue<int, (long Ready, int Place, int Index)> ready = new();
        for (int i = 0; i < count; i++)
        {
            if (waiting[i] == 0)
                ready.Enqueue(i, (0, _graph.FoldedIndex(i), i));
        }
        int taken = 0;
        while (ready.TryDequeue(out int index, out _))
        {
            Order[taken++] = index;
            Take(index);
            for (int f = first[index]; f < first[index + 1]; f++)
            {
                int follower = followers[f];
                if (--waiting[follower] == 0)
                    ready.Enqueue(follower, (ReadyAt(follower).At, _graph.FoldedIndex(follower), follower));
            }
        }
        if (taken < count)
            throw new InvalidOperationException($"{count - taken} executions of the step wait for each other.");
    }

    private (long At, int By) ReadyAt(int index)
    {
        long at = 0;
        int by = -1;
        foreach (int edge in _graph.Predecessors(index))
        {
            ref readonly Interval before = ref Intervals[edge >> 1];
            long time = (edge & 1) == 0 ? before.Released : before.Done;
            if (time > at || by < 0)
                (at, by) = (time, edge);
        }
        return (at, by);
    }

    private void Take(int index)
    {
        (long start, int by) = ReadyAt(index);
        InstructionInstance instance = _graph.Instance(index);
        int lane = _graph.LaneOf(index);
        RoleClock clock = _clocks[lane];
        InstructionCost cost = _costs[lane].Of(instance);
        long issued = start + clock.Ticks(cost.Issue);
        long filled = issued + clock.Ticks(cost.Fill);
        long asked = cost.Streams ? filled : issued;
        long end = filled + clock.Ticks(cost.Work);
        long wait = 0;
        long service = 0;
        Limiter cause = cost.Cause;
        long done = end;
        void Ask(int server, long ticks, Limiter charged)
        {
            if (ticks == 0)
                return;
            long granted = Math.Max(_free[lane][server], asked);
            _free[lane][server] = granted + ticks;
            _served[lane][server] += ticks;
            if (granted + ticks > end)
                (end, wait, service, cause) = (granted + ticks, granted - asked, ticks, charged);
        }
        long memory = clock.MemoryTicks(cost.MemoryBytes, cost.Streams);
        Ask(Memory, memory, cost.MemoryCause);
        Ask(Ports, clock.Ticks(cost.SramCycles), Limiter.Movement);
        Ask(Network, clock.Ticks(cost.NetworkCycles), Limiter.Network);
        Ask(Host, clock.Ticks(cost.HostCycles), Limiter.Host);
        Ask(FirstLink + (cost.LinkClass & 3), clock.Ticks(cost.LinkCycles), Limiter.Links);
        done = end + clock.Ticks(cost.Latency);
        if (memory > 0 && !clock.HidesMemoryLatency)
            done = Math.Max(done, _free[lane][Memory] + clock.MemoryLatency);
        Intervals[index] = new()
        {
            Start = start,
            Issued = issued,
            Filled = service > 0 ? asked : filled,
            Waited = service > 0 ? asked + wait : filled,
            Released = end,
            Done = done,
            Cause = cause,
            LatencyCause =
                cost.LinkBytes > 0 || cost.LinkCycles > 0 ? Limiter.Links
                : cost.HostCycles > 0 ? Limiter.Host
                : Limiter.Latency,
            By = by,
        };
    }
}
