using Tapeout.Chips;
using Tapeout.Isa;

namespace Tapeout.Timing;

/// <summary>How many sequences the memory that holds the KV cache has room for.</summary>
public static class Concurrency
{
    /// <summary>
    /// The most sequences of a context length that fit beside weights and activations of a compiled tape: whole pages, on the rank with the
    /// largest share. 0 if the tape keeps no cache.
    /// </summary>
    /// <param name="tape">A compiled tape.</param>
    /// <param name="chip">The chip it was compiled for.</param>
    /// <param name="context">Positions of each sequence.</param>
    public static long MostSequences(Tape tape, ChipDescription chip, int context)
    {
        long most = long.MaxValue;
        foreach (Role role in tape.Roles)
        {
            foreach (IGrouping<Space, TapeBuffer> caches in role.Buffers.Where(b => b.Kind == BufferKind.State).GroupBy(b => b.Space))
            {
                StepSizes bounds = tape.Envelope.Bounds;
                long capacity = caches.Key == Space.Dram ? chip.TotalMemory.Count : chip.Sram.Capacity.Count;
                long end = role.Buffers.Where(b => b.Space == caches.Key).Max(b => b.Address + b.Bytes(bounds));
                long held = caches.Sum(b => b.Bytes(bounds));
                long page = caches.Sum(b => b.MatrixBytes(bounds) * b.Stack0);
                long pages = (context + Envelope.PageSize - 1) / Envelope.PageSize;
                most = Math.Min(most, Math.Max(0, capacity - (end - held)) / Math.Max(1, page * pages));
            }
        }
        return most == long.MaxValue ? 0 : most;
    }
}
