using Tapeout.Isa;

namespace Tapeout.Compiler;

/// <summary>
/// Gives every buffer an address: constants and states first, one after the other; activations, staging and array buffers above them, first
/// fit, sharing memory where their lives do not meet. A life reaches from the first to the last instruction that names the buffer, and over
/// the whole of every loop that it enters or leaves.
/// </summary>
internal static class BufferAllocator
{
    public static Dictionary<Space, long> Allocate(RoleBuilder builder, StepSizes bounds)
    {
        Dictionary<Space, long> used = [];
        (int First, int Last)[] lives = Lives(builder);
        long[] bytes = [.. builder.Buffers.Select(b => Align(b.Bytes(bounds)))];
        for (int i = 0; i < builder.Buffers.Count; i++)
        {
            TapeBuffer buffer = builder.Buffers[i];
            if (buffer.Kind is not (BufferKind.Constant or BufferKind.State))
                continue;
            long at = used.GetValueOrDefault(buffer.Space);
            builder.Buffers[i] = buffer with { Address = at };
            used[buffer.Space] = at + bytes[i];
        }
        Dictionary<Space, long> floor = new(used);
        List<int> placed = [];
        foreach (
            int i in Enumerable
                .Range(0, builder.Buffers.Count)
                .Where(i => builder.Buffers[i].Kind is BufferKind.Activation or BufferKind.Staging)
                .OrderByDescending(i => bytes[i])
                .ThenBy(i => i)
        )
        {
            TapeBuffer buffer = builder.Buffers[i];
            long at = floor.GetValueOrDefault(buffer.Space);
            foreach (
                int other in placed
                    .Where(p =>
                        builder.Buffers[p].Space == buffer.Space && lives[p].First <= lives[i].Last && lives[i].First <= lives[p].Last
                    )
                    .OrderBy(p => builder.Buffers[p].Address)
            )
            {
                long low = builder.Buffers[other].Address;
                if (at + bytes[i] <= low)
                    break;
                at = Math.Max(at, low + bytes[other]);
            }
            builder.Buffers[i] = buffer with { Address = at };
            placed.Add(i);
            used[buffer.Space] = Math.Max(used.GetValueOrDefault(buffer.Space), at + bytes[i]);
        }
        return used;
    }

    private static long Align(long bytes) => (bytes + 63) & ~63L;

    private static (int First, int Last)[] Lives(RoleBuilder builder)
    {
        var lives = new (int First, int Last)[builder.Buffers.Count];
        Array.Fill(lives, (int.MaxValue, -1));
        List<(int Start, int End)> loops = [];
        Stack<int> open = new();
        for (int pc = 0; pc < builder.Instructions.Count; pc++)
        {
            Instruction instruction = builder.Instructions[pc];
            if (instruction is Loop)
                open.Push(pc);
            else if (instruction is End)
                loops.Add((open.Pop(), pc));
            foreach (int d in (int[])[.. instruction.Reads, .. instruction.Writes])
            {
                int buffer = builder.Descriptors[d].Buffer;
                lives[buffer] = (Math.Min(lives[buffer].First, pc), Math.Max(lives[buffer].Last, pc));
            }
        }
        foreach ((int start, int end) in loops)
        {
            for (int i = 0; i < lives.Length; i++)
            {
                (int first, int last) = lives[i];
                bool inside = last >= start && first <= end;
                if (inside && (first < start || last > end))
                    lives[i] = (Math.Min(first, start), Math.Max(last, end));
            }
        }
        return lives;
    }
}
