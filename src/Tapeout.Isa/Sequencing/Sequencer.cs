namespace Tapeout.Isa;

/// <summary>
/// Unrolls a role's stream for a step. Machine and Timing are driven by the same sequence, so neither can see an instruction the other
/// does not. LOOP and END are resolved here and do not appear; the rest comes in stream order.
/// </summary>
public static class Sequencer
{
    /// <summary>The instructions of one execution. Loop counts depend on the step's sizes, never on values.</summary>
    /// <param name="role">A verified role.</param>
    /// <param name="sizes">The step's sizes.</param>
    /// <param name="iterationLimit">Most iterations of any loop: for proofs about the first few.</param>
    public static IEnumerable<InstructionInstance> Unroll(Role role, StepSizes sizes, int iterationLimit = int.MaxValue)
    {
        Stack<(int Start, int Level, int Remaining)> open = new();
        LoopIndices loops = default;
        int index = 0;
        for (int counter = 0; counter < role.Instructions.Length; counter++)
        {
            Instruction instruction = role.Instructions[counter];
            if (instruction is Loop loop)
            {
                int count = Math.Min(loop.Count.Evaluate(sizes), iterationLimit);
                if (count <= 0)
                    counter = EndOf(role, counter);
                else
                    open.Push((counter, loop.Level, count));
                loops = loops.With(loop.Level, 0);
            }
            else if (instruction is End)
            {
                (int start, int level, int remaining) = open.Pop();
                if (remaining > 1)
                {
                    open.Push((start, level, remaining - 1));
                    loops = loops.With(level, loops[level] + 1);
                    counter = start;
                }
                else
                {
                    loops = loops.With(level, 0);
                }
            }
            else
            {
                yield return new(index++, counter, instruction, loops);
            }
        }
    }

    /// <summary>The END that matches the LOOP at <paramref name="loop"/>.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static int EndOf(Role role, int loop)
    {
        int depth = 0;
        for (int counter = loop; counter < role.Instructions.Length; counter++)
        {
            if (role.Instructions[counter] is Loop)
                depth++;
            else if (role.Instructions[counter] is End && --depth == 0)
                return counter;
        }
        throw new InvalidOperationException($"The LOOP at {loop} has no END.");
    }

    /// <summary>
    /// For each instance of an unrolled stream the instances that must have completed before it starts: the one before it on its engine,
    /// and the signals that its waits stand for.
    /// </summary>
    public static int[][] Predecessors(Role role, IReadOnlyList<InstructionInstance> instances)
    {
        List<int>[] signals = [.. role.Tokens.Select(_ => new List<int>())];
        foreach (InstructionInstance instance in instances)
        {
            foreach (int token in instance.Instruction.Signals)
                signals[token].Add(instance.Index);
        }
        int[] waited = new int[role.Tokens.Length];
        int[] lastOnEngine = new int[8];
        Array.Fill(lastOnEngine, -1);
        int[][] result = new int[instances.Count][];
        List<int> before = [];
        foreach (InstructionInstance instance in instances)
        {
            before.Clear();
            int engine = (int)instance.Instruction.Engine;
            if (lastOnEngine[engine] >= 0)
                before.Add(lastOnEngine[engine]);
            lastOnEngine[engine] = instance.Index;
            foreach (int token in instance.Instruction.Waits)
            {
                int signal = waited[token]++ - role.Tokens[token].Credits;
                if (signal >= signals[token].Count)
                    throw new InvalidOperationException(
                        $"Instruction {instance.ProgramCounter} waits for a signal of token {token} that is never given."
                    );
                if (signal >= 0)
                    before.Add(signals[token][signal]);
            }
            result[instance.Index] = [.. before];
        }
        return result;
    }
}
