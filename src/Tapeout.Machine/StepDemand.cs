using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine;

/// <summary>
/// What a step needs whatever executes it: the bytes of weights that its products meet, each once, the bytes of keys and values that its queries see, and the
/// multiplications of the products with weights. Counted from the tape and the step alone.
/// </summary>
/// <param name="WeightBytes">Codes, scales and offsets of the weights of products, at every rank.</param>
/// <param name="KvBytes">Keys and values of the positions that some query of the step sees.</param>
/// <param name="Products">Multiplications of products with weights; each goes with an addition.</param>
public readonly record struct StepDemand(long WeightBytes, long KvBytes, long Products)
{
    /// <summary>Counts steps.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="steps">The steps; where layers route to experts, executed ones: their tokens are known only then.</param>
    public static StepDemand Of(Tape tape, IEnumerable<Step> steps)
    {
        StepDemand sum = default;
        StepSizes? known = null;
        StepDemand products = default;
        foreach (Step step in steps)
        {
            // What products need follows from the sizes alone where no expert is chosen.
            if (known != step.Sizes || step.Counts.Layers.Count > 0)
                products = Of(tape, step, (role, instruction, context) => instruction is MatMul m ? OfProduct(role, m, context) : default);
            known = step.Sizes;
            sum +=
                products
                + Of(tape, step, (role, instruction, context) => instruction is Attend a ? OfAttention(role, a, context) : default);
        }
        return sum;
    }

    /// <summary>Both added up.</summary>
    public static StepDemand operator +(StepDemand left, StepDemand right) =>
        new(left.WeightBytes + right.WeightBytes, left.KvBytes + right.KvBytes, left.Products + right.Products);

    private static StepDemand Of(Tape tape, Step step, Func<Role, Instruction, ResolveContext, StepDemand> demand)
    {
        StepDemand sum = default;
        foreach (Role role in tape.Roles)
        {
            foreach (InstructionInstance instance in Sequencer.Unroll(role, step.Sizes))
            {
                int layer = tape.Origins.IsEmpty ? -1 : tape.Origins[instance.Instruction.Origin].Layer(instance.Loops);
                for (int rank = 0; rank < role.Ranks; rank++)
                    sum += demand(role, instance.Instruction, new(step, rank, 0, instance.Loops, layer));
            }
        }
        return sum;
    }

    private static StepDemand OfProduct(Role role, MatMul product, ResolveContext context)
    {
        Descriptor x = role.Descriptors[product.X];
        Descriptor w = role.Descriptors[product.W];
        TapeBuffer weights = role.Buffers[w.Buffer];
        if (weights.Kind is not (BufferKind.Constant or BufferKind.Staging))
            return default;
        bool isShared = w.Rows.TileStep == 0 && w.Columns.TileStep == 0;
        long bytes = 0;
        long products = 0;
        for (int tile = 0; tile < Math.Max(1, product.Tiles.Count); tile++)
        {
            context = context with { Tile = tile };
            int tokens = x.Rows.Resolve(context).Count;
            int rows = w.Rows.Resolve(context).Count;
            int columns = w.Columns.Resolve(context).Count;
            if (tokens == 0 || rows == 0 || columns == 0)
                continue;
            products += (long)tokens * rows * columns;
            if (!isShared || bytes == 0)
                bytes += new TensorLayout(weights.Format, rows, columns).Bytes;
        }
        return new(bytes, 0, products);
    }

    /// <summary>Keys and values of all heads: several tiles may attend with one, from memory it comes once.</summary>
    private static StepDemand OfAttention(Role role, Attend attend, ResolveContext context)
    {
        Descriptor keys = role.Descriptors[attend.Keys];
        int rows = (keys.Rows with { TileStep = 0 }).Resolve(context).Count;
        long positions = 0;
        foreach (SequenceRow sequence in context.Step.Sequences)
        {
            long end = (long)sequence.Context + sequence.NewTokens;
            long start = attend.Window > 0 ? Math.Max(0, end - (attend.Window + sequence.NewTokens - 1L)) : 0;
            if (attend.BlockCount > 0)
            {
                long first = (long)attend.FirstBlock.Evaluate(context.Loops) * Envelope.PageSize;
                start = Math.Max(start, first);
                end = Math.Min(end, first + (long)attend.BlockCount * Envelope.PageSize);
            }
            positions += Math.Max(0, end - start);
        }
        NumberFormat format = role.Buffers[keys.Buffer].Format;
        // Values that are the keys' own bytes are read once.
        int planes = attend.Keys == attend.Values ? 1 : 2;
        return new(0, positions * planes * (rows / Envelope.PageSize) * new TensorLayout(format, 1, attend.HeadDimension).Bytes, 0);
    }
}
