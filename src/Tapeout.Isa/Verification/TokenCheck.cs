namespace Tapeout.Isa;

/// <summary>No wait needs a signal that comes later in the stream, or never.</summary>
internal static class TokenCheck
{
    /// <summary>Most instances that are unrolled for a proof.</summary>
    public const long MostUnrolled = 400_000;

    /// <summary>True if the tokens of a role cannot deadlock.</summary>
    public static bool Check(Tape tape, Role role, LoopStructure loops, ProblemList problems)
    {
        int before = problems.Count;
        foreach (StepSizes sizes in (StepSizes[])[tape.Envelope.Bounds, new(1, 1, 1)])
            Check(role, sizes, Limit(role, loops, sizes), problems);
        return problems.Count == before;
    }

    /// <summary>
    /// How many iterations of each loop a proof covers: three, or two rounds through the slots of any buffer, if every token is given and
    /// taken in the same loop body and so repeats with it; all of them otherwise.
    /// </summary>
    public static int Limit(Role role, LoopStructure loops, StepSizes sizes)
    {
        int slots = role.Buffers.Length == 0 ? 1 : role.Buffers.Max(b => b.Slots);
        int credits = role.Tokens.Length == 0 ? 0 : role.Tokens.Max(t => Math.Min(t.Credits, 16));
        int limit = Math.Max(3, 2 * slots + 1);
        limit = Math.Max(limit, credits + 2);
        if (!Repeats(role, loops))
            limit = int.MaxValue;
        return Unrolled(role, loops, sizes, limit) <= MostUnrolled ? limit : 0;
    }

    public static long Unrolled(Role role, LoopStructure loops, StepSizes sizes, int limit)
    {
        long total = 0;
        for (int pc = 0; pc < role.Instructions.Length && total <= MostUnrolled; pc++)
            total += loops.Executions(role, pc, sizes, limit);
        return total;
    }

    private static bool Repeats(Role role, LoopStructure loops)
    {
        int[] body = new int[role.Tokens.Length];
        int[] balance = new int[role.Tokens.Length];
        Array.Fill(body, int.MinValue);
        bool repeats = true;
        for (int pc = 0; pc < role.Instructions.Length; pc++)
        {
            int inside = loops.Enclosing[pc].Length == 0 ? -1 : loops.Enclosing[pc][^1];
            void Use(int token, int change)
            {
                balance[token] += change;
                repeats &= body[token] == int.MinValue || body[token] == inside;
                body[token] = inside;
            }
            foreach (int token in role.Instructions[pc].Waits)
                Use(token, -1);
            foreach (int token in role.Instructions[pc].Signals)
                Use(token, 1);
        }
        return repeats && balance.All(b => b == 0);
    }

    private static void Check(Role role, StepSizes sizes, int limit, ProblemList problems)
    {
        if (limit == 0)
        {
            problems.Add(
                "token",
                role.Name,
                -1,
                $"tokens do not repeat with their loops and more than {MostUnrolled} instructions would have to be followed: signal and wait in the same loop body, once for once"
            );
            return;
        }
        // A wait's signal must come earlier in the stream, so what is counted up to the wait decides.
        int[] given = new int[role.Tokens.Length];
        int[] taken = new int[role.Tokens.Length];
        foreach (InstructionInstance instance in Sequencer.Unroll(role, sizes, limit))
        {
            foreach (int token in instance.Instruction.Waits)
            {
                if (taken[token]++ - role.Tokens[token].Credits < given[token])
                    continue;
                problems.Add(
                    "token",
                    role.Name,
                    instance.ProgramCounter,
                    $"{instance.Instruction.Definition.Mnemonic} waits for signal {taken[token] - role.Tokens[token].Credits} of token {token}, but {given[token]} are given before it in the stream: it would wait for ever"
                );
                return;
            }
            foreach (int token in instance.Instruction.Signals)
                given[token]++;
        }
    }
}
