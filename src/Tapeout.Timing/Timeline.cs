using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// A tape executed for its time: every execution's interval on its engine, and every cycle of the makespan charged to one instruction and
/// one cause. Ranks and tiles execute the same stream, so rank 0 and tile 0, whose parts are never the smaller ones, stand for all, or every
/// rank is timed beside the others (<see cref="TimingOptions.ExpandsRanks"/>).
/// </summary>
public sealed class Timeline
{
    private readonly EventGraph _graph;
    private readonly Simulation _simulation;
    private readonly InstructionCosts[] _costs;
    private readonly Tape _tape;
    private readonly int _last;

    private Timeline(Tape tape, EventGraph graph, Simulation simulation, InstructionCosts[] costs, Frequency clock)
    {
        (_tape, _graph, _simulation, _costs, Clock) = (tape, graph, simulation, costs, clock);
        _last = -1;
        for (int i = 0; i < graph.Count; i++)
        {
            if (_last < 0 || simulation.Intervals[i].Done > simulation.Intervals[_last].Done)
                _last = i;
        }
        Makespan = new(_last < 0 ? 0 : simulation.Intervals[_last].Done);
        CriticalPath = Charge();
    }

    /// <summary>The clock of the first role's chip, in whose cycles all times are.</summary>
    public Frequency Clock { get; }

    /// <summary>From the first instruction to the last result.</summary>
    public Cycles Makespan { get; }

    /// <summary>The makespan by instruction and cause, largest first: the cycles sum to it exactly.</summary>
    public IReadOnlyList<CriticalPathEntry> CriticalPath { get; }

    /// <summary>The order in which executions were served: a static schedule for <see cref="TimingOptions.Order"/>.</summary>
    public IReadOnlyList<int> Order => _simulation.Order;

    /// <summary>Executions, loops unrolled.</summary>
    public int Count => _graph.Count;

    /// <summary>True where each rank has executions of its own.</summary>
    public bool HasEveryRank => _graph.Count > _graph.FoldedCount;

    /// <summary>When the last result of each rank that is timed is there, role by role.</summary>
    public IReadOnlyList<(int Role, int Rank, Cycles Done)> RankMakespans
    {
        get
        {
            long[] done = new long[_costs.Length];
            for (int i = 0; i < _graph.Count; i++)
                done[_graph.LaneOf(i)] = Math.Max(done[_graph.LaneOf(i)], _simulation.Intervals[i].Done);
            return [.. _graph.Lanes.Select((lane, l) => (lane.Role, lane.Rank, new Cycles(done[l])))];
        }
    }

    /// <summary>All executions, role by role, rank by rank, in the order of the stream.</summary>
    public IEnumerable<TimelineEntry> Entries
    {
        get
        {
            for (int i = 0; i < _graph.Count; i++)
            {
                InstructionInstance instance = _graph.Instance(i);
                Interval interval = _simulation.Intervals[i];
                yield return new(
                    _graph.RoleOf(i),
                    instance.ProgramCounter,
                    instance.Instruction,
                    _tape.Origins[instance.Instruction.Origin].Layer(instance.Loops),
                    interval.Start,
                    interval.Released,
                    interval.Done,
                    interval.Cause,
                    _costs[_graph.LaneOf(i)].Of(instance).MemoryBytes,
                    _graph.RankOf(i)
                );
            }
        }
    }

    /// <summary>Times a step of a tape whose roles all run on one kind of chip.</summary>
    /// <param name="tape">A verified tape.</param>
    /// <param name="chip">The chip it was compiled for.</param>
    /// <param name="step">Shapes; where it holds no expert counts they come from <see cref="TimingOptions.Experts"/>.</param>
    /// <param name="options">Software, order, what there is more of; none for the chip's own figures.</param>
    public static Timeline Of(Tape tape, ChipDescription chip, Step step, TimingOptions? options = null) =>
        Of(tape, [.. tape.Roles.Select(_ => chip)], step, options);

    /// <summary>Times a step of a tape, each role on its own chip.</summary>
    public static Timeline Of(Tape tape, IReadOnlyList<ChipDescription> chips, Step step, TimingOptions? options = null)
    {
        options ??= TimingOptions.Default;
        step = WithCounts(tape, step, options.Experts);
        Frequency clock = chips[0].Clock;
        EventGraph graph = new(tape, step, options.ExpandsRanks, options.Software);
        RoleClock[] clocks = [.. graph.Lanes.Select(lane => new RoleClock(chips[lane.Role], clock, options))];
        InstructionCosts[] costs =
        [
            .. graph.Lanes.Select(lane => new InstructionCosts(
                tape,
                tape.Roles[lane.Role],
                chips[lane.Role],
                step,
                options.ExpandsRanks ? options with { Rank = lane.Rank } : options
            )),
        ];
        Simulation simulation = new(graph, clocks, costs);
        simulation.Run(options.Order);
        return new(tape, graph, simulation, costs, clock);
    }

    /// <summary>The figures of the step: counts are those of rank 0.</summary>
    public StepTime Summary()
    {
        long[] busy = new long[8];
        long memoryBytes = 0;
        long linkBytes = 0;
        long networkBytes = 0;
        for (int i = 0; i < _graph.Count; i++)
        {
            if (_graph.RankOf(i) != 0)
                continue;
            InstructionInstance instance = _graph.Instance(i);
            InstructionCost cost = _costs[_graph.LaneOf(i)].Of(instance);
            busy[(int)instance.Instruction.Engine] += _simulation.Intervals[i].Released - _simulation.Intervals[i].Start;
            memoryBytes += cost.MemoryBytes;
            linkBytes += cost.LinkBytes;
            networkBytes += cost.NetworkBytes;
        }
        Dictionary<Limiter, Cycles> charged = CriticalPath
            .GroupBy(e => e.Cause)
            .Select(g => (Cause: g.Key, Cycles: g.Sum(e => e.Cycles.Count)))
            .OrderByDescending(c => c.Cycles)
            .ThenBy(c => c.Cause)
            .ToDictionary(c => c.Cause, c => new Cycles(c.Cycles));
        return new()
        {
            Cycles = Makespan,
            Duration = Duration.FromCycles(Makespan, Clock),
            Busy = Enumerable.Range(0, 8).Where(e => busy[e] > 0).ToDictionary(e => (Engine)e, e => new Cycles(busy[e])),
            Charged = charged,
            Limiter = charged.Count == 0 ? Limiter.Issue : charged.First().Key,
            MemoryBusy = new(_graph.Lanes.Select((lane, l) => lane.Rank == 0 ? _simulation.MemoryBusy(l) : 0).Sum()),
            MemoryBytes = new(memoryBytes),
            LinkBytes = new(linkBytes),
            NetworkBytes = new(networkBytes),
            Instructions = _graph.FoldedCount,
            CriticalPath = CriticalPath,
        };
    }

    /// <summary>
    /// Walks back from the last result: each execution starts when another lets it, so the stretch until the one after it started is its own,
    /// and its parts in the order of <see cref="Interval"/> are charged until the stretch ends.
    /// </summary>
    private List<CriticalPathEntry> Charge()
    {
        Dictionary<(int Role, int Counter, Limiter Cause), long> charged = [];
        int i = _last;
        long until = Makespan.Count;
        while (i >= 0)
        {
            Interval interval = _simulation.Intervals[i];
            (int Role, int Counter) at = (_graph.RoleOf(i), _graph.Instance(i).ProgramCounter);
            void Part(long from, long to, Limiter cause)
            {
                long cycles = Math.Min(to, until) - Math.Min(from, until);
                if (cycles > 0)
                    charged[(at.Role, at.Counter, cause)] = charged.GetValueOrDefault((at.Role, at.Counter, cause)) + cycles;
            }
            Part(interval.Start, interval.Issued, Limiter.Issue);
            Part(interval.Issued, interval.Filled, Limiter.Fill);
            Part(interval.Filled, interval.Waited, Limiter.Contention);
            Part(interval.Waited, interval.Released, interval.Cause);
            Part(interval.Released, interval.Done, interval.LatencyCause);
            until = interval.Start;
            i = interval.By < 0 ? -1 : interval.By >> 1;
        }
        return
        [
            .. charged
                .Select(c => new CriticalPathEntry(c.Key.Role, c.Key.Counter, c.Key.Cause, new(c.Value)))
                .OrderByDescending(e => e.Cycles.Count)
                .ThenBy(e => e.Role)
                .ThenBy(e => e.ProgramCounter)
                .ThenBy(e => e.Cause),
        ];
    }

    /// <summary>The step with counts for every layer that routes and has none.</summary>
    internal static Step WithCounts(Tape tape, Step step, ExpertDistribution experts)
    {
        ExpertCounts counts = new();
        foreach (int layer in step.Counts.Layers)
            counts.Set(layer, step.Counts.Of(layer));
        bool any = false;
        foreach (Role role in tape.Roles)
        {
            foreach (InstructionInstance instance in Sequencer.Unroll(role, step.Sizes))
            {
                if (instance.Instruction is not Route route)
                    continue;
                int layer = tape.Origins[route.Origin].Layer(instance.Loops);
                if (layer < 0 || counts.Layers.Contains(layer))
                    continue;
                int total = role.Descriptors[route.Logits].Columns.Total.Evaluate(step.Sizes);
                counts.Set(layer, experts.Counts(layer, Math.Max(1, total), step.Tokens.Length, route.Count));
                any = true;
            }
        }
        return any ? step with { Counts = counts } : step;
    }
}
