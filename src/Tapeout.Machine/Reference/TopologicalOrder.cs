using Tapeout.Numerics;

namespace Tapeout.Machine.Reference;

/// <summary>Orders of an unrolled stream that keep every dependence: any of them gives the same bits if the tape's tokens are right.</summary>
public static class TopologicalOrder
{
    /// <summary>A seeded random order: at each place one of the instances whose predecessors have all been placed.</summary>
    /// <param name="predecessors">From <see cref="Tapeout.Isa.Sequencer.Predecessors"/>: for each instance those that come before it.</param>
    /// <param name="seed">Equal seeds give equal orders.</param>
    /// <exception cref="InvalidOperationException">The dependences contain a circle.</exception>
    public static int[] Random(int[][] predecessors, int seed)
    {
        int count = predecessors.Length;
        int[] missing = new int[count];
        List<int>[] successors = new List<int>[count];
        for (int i = 0; i < count; i++)
            successors[i] = [];
        for (int i = 0; i < count; i++)
        {
            missing[i] = predecessors[i].Length;
            foreach (int before in predecessors[i])
                successors[before].Add(i);
        }
        List<int> ready = [];
        for (int i = 0; i < count; i++)
        {
            if (missing[i] == 0)
                ready.Add(i);
        }
        uint draw = 0;
        int[] order = new int[count];
        int placed = 0;
        while (ready.Count > 0)
        {
            int choice = (int)(CounterRandom.Word(unchecked((ulong)seed), 0, 0, draw++) % (uint)ready.Count);
            int instance = ready[choice];
            ready[choice] = ready[^1];
            ready.RemoveAt(ready.Count - 1);
            order[placed++] = instance;
            foreach (int after in successors[instance])
            {
                if (--missing[after] == 0)
                    ready.Add(after);
            }
        }
        return placed == count ? order : throw new InvalidOperationException("The dependences of the stream contain a circle.");
    }
}
