using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// An event-driven execution of a tape without values. Engines take their instructions in stream order and wait for tokens, as
/// <see cref="Sequencer.Predecessors"/> says; memory beside the die is one server that all engines share, in stream order. Ranks and tiles
/// execute the same stream, so rank 0 and tile 0, whose parts are never the smaller ones, stand for all.
/// </summary>
public static class StepTimer
{
    /// <summary>Times one step of the tape's first role.</summary>
    /// <param name="tape">A verified tape.</param>
    /// <param name="chip">The chip it was compiled for.</param>
    /// <param name="step">
    /// Shapes: sequences with their context. Where it holds no expert counts, tokens are spread evenly over the experts, the first ones
    /// taking what is left over.
    /// </param>
    public static StepTime Time(Tape tape, ChipDescription chip, Step step)
    {
        Role role = tape.Roles[0];
        List<InstructionInstance> instances = [.. Sequencer.Unroll(role, step.Sizes)];
        int[][] predecessors = Sequencer.Predecessors(role, instances);
        InstructionCosts costs = new(tape, role, chip, step);
        MemoryServer memory = new(chip);

        long[] released = new long[instances.Count];
        long[] done = new long[instances.Count];
        long[] started = new long[instances.Count];
        int[] critical = new int[instances.Count];
        Limiter[] causes = new Limiter[instances.Count];
        int[] lastOnEngine = new int[8];
        Array.Fill(lastOnEngine, -1);
        long[] busy = new long[8];
        int kernel = -1;
        int kernelLeft = 0;
        int longest = -1;
        long memoryBytes = 0;
        long linkBytes = 0;
        long networkBytes = 0;
        for (int i = 0; i < instances.Count; i++)
        {
            InstructionInstance instance = instances[i];
            int engine = (int)instance.Instruction.Engine;
            long start = 0;
            int by = -1;
            foreach (int before in predecessors[i])
            {
                // The engine is free when it has released the instruction before; a token stands for a result.
                long ready = before == lastOnEngine[engine] ? released[before] : done[before];
                if (ready > start || by < 0)
                    (start, by) = (ready, before);
            }
            if (instance.Instruction is Launch launch)
            {
                // Kernels of one stream follow each other: the next starts when the last result of the one before is there.
                if (longest >= 0 && done[longest] > start)
                    (start, by) = (done[longest], longest);
                kernel = i;
                kernelLeft = launch.Length;
            }
            else if (kernelLeft > 0)
            {
                kernelLeft--;
                if (done[kernel] > start)
                    (start, by) = (done[kernel], kernel);
            }
            InstructionCost cost = costs.Of(instance);
            long end = start + cost.Cycles;
            long served = memory.Serve(start, cost.MemoryBytes);
            causes[i] = served > end ? cost.MemoryCause : cost.Cause;
            started[i] = start;
            released[i] = Math.Max(end, served);
            done[i] = Math.Max(end + cost.Latency, served + (cost.MemoryBytes > 0 ? memory.Latency : 0));
            critical[i] = by;
            lastOnEngine[engine] = i;
            busy[engine] += released[i] - start;
            memoryBytes += cost.MemoryBytes;
            linkBytes += cost.LinkBytes;
            networkBytes += cost.NetworkBytes;
            if (longest < 0 || done[i] > done[longest])
                longest = i;
        }

        Dictionary<Limiter, long> charged = Charge(done, started, critical, causes, longest);
        long cycles = longest < 0 ? 0 : done[longest];
        return new()
        {
            Cycles = new(cycles),
            Duration = Duration.FromCycles(new(cycles), chip.Clock),
            Busy = Enumerable.Range(0, 8).Where(e => busy[e] > 0).ToDictionary(e => (Engine)e, e => new Cycles(busy[e])),
            Charged = charged.OrderByDescending(c => c.Value).ToDictionary(c => c.Key, c => new Cycles(c.Value)),
            Limiter = charged.Count == 0 ? Limiter.Issue : charged.MaxBy(c => c.Value).Key,
            MemoryBusy = new(memory.Busy),
            MemoryBytes = new(memoryBytes),
            LinkBytes = new(linkBytes),
            NetworkBytes = new(networkBytes),
            Instructions = instances.Count,
        };
    }

    /// <summary>Walks the critical path back from the last result; each stretch is charged once, so that the charges sum to the whole.</summary>
    private static Dictionary<Limiter, long> Charge(long[] done, long[] started, int[] critical, Limiter[] causes, int last)
    {
        Dictionary<Limiter, long> charged = [];
        long until = last < 0 ? 0 : done[last];
        for (int i = last; i >= 0; i = critical[i])
        {
            charged[causes[i]] = charged.GetValueOrDefault(causes[i]) + until - started[i];
            until = started[i];
        }
        return charged;
    }

    /// <summary>Memory beside the die: first come, first served, at the rate that long streams reach.</summary>
    private sealed class MemoryServer
    {
        private readonly Int128 _bytesPerSecond;
        private readonly long _clock;
        private long _free;

        public MemoryServer(ChipDescription chip)
        {
            _clock = chip.Clock.Count;
            foreach (MemoryDescription memory in chip.Memory)
                _bytesPerSecond += (Int128)((decimal)memory.Bandwidth.Count * memory.Efficiency);
            Latency = chip.Memory.Count == 0 ? 0 : chip.Memory[0].Latency.ToCycles(chip.Clock).Count;
        }

        public long Latency { get; }

        public long Busy { get; private set; }

        /// <summary>When the last of <paramref name="bytes"/> has been moved.</summary>
        public long Serve(long start, long bytes)
        {
            if (bytes == 0 || _bytesPerSecond == 0)
                return start;
            long cycles = (long)((bytes * (Int128)_clock + _bytesPerSecond - 1) / _bytesPerSecond);
            _free = Math.Max(_free, start) + cycles;
            Busy += cycles;
            return _free;
        }
    }
}
