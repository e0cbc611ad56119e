using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing;

internal sealed partial class InstructionCosts
{
    /// <summary>Two products a visible position, head and dimension, one exponential a visible position and head; each page is read once a step.</summary>
    public InstructionCost Visit(Attend instruction)
    {
        Shape query = Of(instruction.Query);
        Shape keys = Of(instruction.Keys);
        long heads = query.Columns / Math.Max(1, instruction.HeadDimension);
        if (heads == 0 || query.Rows == 0)
            return On(Limiter.Issue, 0);
        (long visible, long held) = Positions(instruction.Window);
        if (_kernels is { } kernels)
        {
            Shape all = ChipShape(instruction.Query);
            return Kernel(
                kernels.Attention(
                    new()
                    {
                        Sequences = _step.Sequences,
                        Window = instruction.Window,
                        Heads = all.Columns / instruction.HeadDimension,
                        KvHeads = ChipShape(instruction.Keys).Rows / Envelope.PageSize,
                        HeadDimension = instruction.HeadDimension,
                        Kv = keys.Format,
                        Query = query.Format,
                        SharesKeysAndValues = instruction.Keys == instruction.Values,
                    }
                )
            );
        }
        long keyHeads = keys.Rows / Envelope.PageSize;
        long bytes = 2 * held * keyHeads * new TensorLayout(keys.Format, 1, instruction.HeadDimension).Bytes;
        long macs = 2 * visible * heads * instruction.HeadDimension;
        long compute;
        long read;
        if (_chip.Attention is { } unit)
        {
            compute = Math.Max(unit.Macs.TimeFor(macs).Count, unit.Exponentials.TimeFor(visible * heads).Count);
            read = unit.KvRate.TimeFor(new(bytes)).Count;
        }
        else
        {
            ElementType element = Multiplication.OfAttention(_chip, null, keys.Format);
            long products = _chip.Matrix.MacsFor(element, element) is { } native ? native.TimeFor(macs).Count : VectorCycles(macs);
            compute = products + VectorCycles(3 * visible * heads) + SpecialCycles(visible * heads);
            read = SramCycles(bytes);
        }
        return On(read > compute ? Limiter.Kv : Limiter.Compute, Math.Max(compute, read)) with
        {
            SramCycles = keys.Space == Space.Sram ? SramCycles(bytes) : 0,
            MemoryCause = Limiter.Kv,
        };
    }

    /// <summary>Pairs of query and visible position, and positions that any query of the step sees, over all sequences.</summary>
    private (long Visible, long Held) Positions(int window)
    {
        long visible = 0;
        long held = 0;
        foreach (SequenceRow row in _step.Sequences)
        {
            long first = row.Context + 1L;
            long last = row.Context + (long)row.NewTokens;
            // Σ min(seen, window) over seen = first … last, without a loop over tokens.
            long whole = window > 0 ? Math.Clamp(window, first - 1, last) : last;
            visible += (first + whole) * (whole - first + 1) / 2 + (last - whole) * window;
            held += window > 0 ? Math.Min(last, (long)window + row.NewTokens - 1) : last;
        }
        return (visible, held);
    }
}
