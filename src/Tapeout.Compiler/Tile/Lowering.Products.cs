using Tapeout.Isa;
using Tapeout.Models.Graphs;
using Tapeout.Numerics;

namespace Tapeout.Compiler;

internal sealed partial class Lowering
{
    /// <summary>Bytes of a tile's SRAM that one slot of streamed weights may take.</summary>
    private const long StagingBytes = 64 * 1024;

    private sealed record ProductContext(
        string Name,
        WeightReference Weight,
        NumberFormat Format,
        ProductRule Rule,
        Axis Rows,
        bool PerExpert
    );

    private Value Product(string name, Value source, WeightReference weight)
    {
        NumberFormat format = quantised.FormatOf(weight.Name);
        ProductRule rule = ProductRule.For(format, quantised.ActivationOf(weight.Name), weight.Columns);
        ProductContext context = new(name, weight, format, rule, source.Rows, false);
        if (CanReduce(source, rule))
            return ReducedProduct(context, source);
        return WholeProduct(context, Quantised(source, rule.Activation, new Axis(source.Width)));
    }

    /// <summary>y divided over ranks and tiles from whole rows of x.</summary>
    private Value WholeProduct(ProductContext context, Value x)
    {
        Axis columns = mapping.Split(context.Weight.Rows, OutputAlignment(context.Weight.Rows));
        return Multiply(context, x, columns, new Axis(context.Weight.Columns), MatMulResult.Final);
    }

    /// <summary>Channels that stay together: a quantisation group, so that the next product's activations can be quantised in parts.</summary>
    private int OutputAlignment(int rows) =>
        rows >= 32 * mapping.Tiles * mapping.Ranks || quantised.Recipe.Activation.GroupSize > 0 ? 32 : 1;

    private bool CanReduce(Value source, ProductRule rule)
    {
        int ranks = mapping.Ranks;
        return mapping.Parallelism == TensorParallelism.Reduce
            && ranks > 1
            && source.Columns.RankStep > 0
            && (long)source.Columns.RankStep * ranks == source.Width
            && source.Columns.RankStep % 32 == 0
            && source.Columns.TileStep % Math.Max(1, rule.Activation.GroupSize) == 0
            && !mapping.InstallsExplicitly
            && (
                rule.Kind == ProductKind.IntegerWhole
                || (rule.Plan.CanSplitAtNodes(ranks) && source.Width % (rule.Plan.Block * rule.Plan.Leaves) == 0)
            );
    }

    /// <summary>Each rank multiplies its part of K; partial sums are added along nodes of the plan.</summary>
    private Value ReducedProduct(ProductContext context, Value source)
    {
        Axis depth = new(source.Width) { RankStep = source.Columns.RankStep };
        Value x = Quantised(source, context.Rule.Activation, depth);
        bool integer = context.Rule.Kind == ProductKind.IntegerWhole;
        Axis columns = mapping.SplitTiles(context.Weight.Rows, OutputAlignment(context.Weight.Rows));
        Value partial = Multiply(context, x, columns, depth, integer ? MatMulResult.Integer : MatMulResult.Node);
        int region = builder.Describe(partial.Buffer, partial.Rows, columns);
        builder.Emit(
            new Reduce
            {
                Source = region,
                Destination = region,
                Group = Group.Ranks,
                Operation = integer ? ReduceOperation.SumIntegers : ReduceOperation.SumNodes,
                Algorithm = CollectiveAlgorithm.Butterfly,
                LinkClass = 0,
                Engine = Engine.Link,
            }
        );
        return integer ? Finished(context, partial, x, depth) : partial;
    }

    private Value Finished(ProductContext context, Value accumulator, Value x, Axis depth)
    {
        int buffer = builder.Activation(
            context.Name,
            Activations,
            NumberFormat.F32,
            context.PerExpert ? PairRows(accumulator.Rows) : accumulator.Rows,
            mapping.Held(accumulator.Columns, Activations)
        );
        builder.Emit(
            new Finish
            {
                Accumulator = builder.Describe(accumulator.Buffer, accumulator.Rows, accumulator.Columns),
                X = builder.Describe(x.Buffer, x.Rows, x.Columns),
                W = WeightRegion(context, accumulator.Columns, depth),
                Destination = builder.Describe(buffer, accumulator.Rows, accumulator.Columns),
            }
        );
        return accumulator with { Buffer = buffer, Format = NumberFormat.F32 };
    }

    /// <summary>Where a product's weights lie.</summary>
    private Space WeightSpace(ProductContext context)
    {
        if (mapping.HasRom)
            return Space.Rom;
        if (mapping.IsShared)
            return Space.Dram;
        return mapping.Resident.Contains(ResidentKey(context.Weight.Name)) || !mapping.HasDram ? Space.Sram : Space.Dram;
    }

    private string ResidentKey(string tensor) => InLayer ? Pattern(tensor) : tensor;

    /// <summary>The buffer of a product's weights, divided as the chip holds them.</summary>
    private int WeightBuffer(ProductContext context, Axis columns, Axis depth)
    {
        Space space = WeightSpace(context);
        return Constant(context.Weight.Name, context.Format, space, mapping.Held(columns, space), depth, context.Weight.Count);
    }

    private IndexExpression ExpertIndex(ProductContext context) => context.PerExpert ? IndexExpression.Loop(1) : new(0);

    /// <summary>Channels whose weights are there only if a token has chosen the expert of loop 1.</summary>
    private static Axis Chosen(ProductContext context, Axis channels) =>
        context.PerExpert ? channels with { Kind = AxisKind.ActiveExpert, InnerLevel = 1 } : channels;

    private int WeightRegion(ProductContext context, Axis rows, Axis depth) =>
        builder.Describe(
            WeightBuffer(context, rows with { LoopStep = 0, InnerStep = 0 }, depth with { LoopStep = 0, InnerStep = 0 }),
            Chosen(context, rows),
            depth,
            LayerIndex(),
            ExpertIndex(context)
        );

    private Value Multiply(ProductContext context, Value x, Axis columns, Axis depth, MatMulResult result)
    {
        if (mapping.InstallsExplicitly && WeightSpace(context) == Space.Sram)
            return MultiplyInstalled(context, x, columns);
        NumberFormat format = result == MatMulResult.Integer ? NumberFormat.I32 : NumberFormat.F32;
        int buffer = builder.Activation(
            context.Name,
            Activations,
            format,
            context.PerExpert ? PairRows(x.Rows) : x.Rows,
            mapping.Held(columns, Activations)
        );
        bool streamed = WeightSpace(context) == Space.Dram && !mapping.IsShared;
        int rowsPerTile = columns.Capacity(mapping.Bounds);
        long rowBytes = Math.Max(1, new TensorLayout(context.Format, 1, depth.Capacity(mapping.Bounds)).Bytes);
        int chunk = (int)Math.Clamp(StagingBytes / rowBytes, 1, rowsPerTile);
        if (!streamed)
        {
            MatMul(context, x, WeightRegion(context, columns, depth), buffer, columns, result);
        }
        else
        {
            int level = context.PerExpert ? 2 : 1;
            Axis part = columns with { LoopStep = chunk, LoopLevel = level };
            int chunks = Mapping.Divide(rowsPerTile, chunk);
            int staging = builder.AddBuffer(
                new()
                {
                    Name = context.Name + ".staging",
                    Kind = BufferKind.Staging,
                    Space = Space.Sram,
                    Format = context.Format,
                    Rows = part,
                    Columns = depth,
                    Slots = chunks > 1 ? 2 : 1,
                    SlotLevel = level,
                }
            );
            builder.BeginLoop(level, chunks);
            int stage = builder.Describe(staging, Chosen(context, part), depth);
            builder.Emit(
                new Copy
                {
                    Source = WeightRegion(context, part, depth),
                    Destination = stage,
                    Multicast = false,
                }
            );
            MatMul(context, x, stage, buffer, part, result);
            builder.EndLoop();
        }
        return new(buffer, format, context.PerExpert ? PairRows(x.Rows) : x.Rows, columns);
    }

    private static Axis PairRows(Axis rows) => new(rows.Total);

    private void MatMul(ProductContext context, Value x, int weights, int destination, Axis columns, MatMulResult result) =>
        builder.Emit(
            new MatMul
            {
                X = builder.Describe(x.Buffer, x.Rows, x.Columns),
                W = weights,
                Y = builder.Describe(destination, x.Rows, columns),
                Result = result,
                Accumulate = AccumulateMode.Overwrite,
                FirstLevels = 0,
                PlanLength = context.Rule.Length,
                PlanBlock = context.Rule.Kind == ProductKind.IntegerWhole ? 0 : context.Rule.Plan.Block,
            }
        );

    /// <summary>
    /// A weight-stationary array with explicit installation: blocks of weights are installed in turn and the accumulator is chained along K
    /// inside each leaf; leaves are folded at the end.
    /// </summary>
    private Value MultiplyInstalled(ProductContext context, Value x, Axis columns)
    {
        int outer = context.PerExpert ? 2 : 1;
        ReductionPlan plan = context.Rule.Plan;
        bool integer = context.Rule.Kind == ProductKind.IntegerWhole;
        int channels = Math.Min(mapping.Chip.Matrix.Columns, columns.Capacity(mapping.Bounds));
        Axis part = columns with { LoopStep = channels, LoopLevel = outer };
        int leaves = integer ? 1 : plan.Leaves;
        int leafLength = integer ? plan.Length : plan.BlocksPerLeaf * plan.Block;
        int block = integer ? 32 : plan.Block;
        int run = Math.Min(leafLength, Math.Max(block, mapping.Chip.Matrix.Rows / block * block));
        // Channels, leaves and runs of K take a loop level each; inside experts, where one is short, a leaf is installed whole.
        int inner = outer + 1;
        Axis rows = context.PerExpert ? PairRows(x.Rows) : x.Rows;
        NumberFormat format = integer ? NumberFormat.I32 : NumberFormat.F32;
        int accumulator = builder.Activation(context.Name + ".acc", Activations, format, rows, columns, leaves);
        bool leafLoop = leaves > 1;
        int leafLevel = inner;
        int runLevel = leafLoop && inner < 3 ? inner + 1 : inner;
        if (leafLoop && runLevel == inner)
            run = leafLength;
        int runs = Mapping.Divide(leafLength, run);
        Axis depth = leafLoop
            ? new Axis(plan.Length)
            {
                LoopStep = leafLength,
                LoopLevel = leafLevel,
                InnerStep = runs > 1 ? run : 0,
                InnerLevel = runLevel,
            }
            : new Axis(plan.Length) { LoopStep = runs > 1 ? run : 0, LoopLevel = runLevel };
        int slot = builder.AddBuffer(
            new()
            {
                Name = context.Name + ".array",
                Kind = BufferKind.Staging,
                Space = Space.Array,
                Format = context.Format,
                Rows = part,
                Columns = depth,
                Slots = runs > 1 && mapping.Chip.Matrix.Slots > 1 ? 2 : 1,
                SlotLevel = runLevel,
            }
        );
        builder.BeginLoop(outer, Mapping.Divide(columns.Capacity(mapping.Bounds), channels));
        if (leafLoop)
            builder.BeginLoop(leafLevel, leaves);
        if (runs > 1)
            builder.BeginLoop(runLevel, runs);
        int installed = builder.Describe(slot, Chosen(context, part), depth);
        builder.Emit(
            new Install
            {
                Source = builder.Describe(
                    WeightBuffer(context, columns, new Axis(plan.Length)),
                    Chosen(context, part),
                    depth,
                    LayerIndex(),
                    ExpertIndex(context)
                ),
                Slot = installed,
            }
        );
        builder.Emit(
            new MatMul
            {
                X = builder.Describe(x.Buffer, x.Rows, depth),
                W = installed,
                Y = builder.Describe(accumulator, x.Rows, part, default, leafLoop ? IndexExpression.Loop(leafLevel) : default),
                Result = integer ? MatMulResult.Integer : MatMulResult.Leaf,
                Accumulate = runs > 1 ? AccumulateMode.ContinueAfterFirst : AccumulateMode.Overwrite,
                FirstLevels = runs > 1 ? 1 << runLevel : 0,
                PlanLength = context.Rule.Length,
                PlanBlock = integer ? 0 : plan.Block,
            }
        );
        if (runs > 1)
            builder.EndLoop();
        if (leafLoop)
            builder.EndLoop();
        builder.EndLoop();
        Value result = new(accumulator, format, rows, columns);
        if (integer)
            return Finished(context, result with { Rows = x.Rows }, x, new Axis(plan.Length)) with { Rows = rows };
        if (leaves == 1)
            return result;
        int folded = builder.Activation(context.Name, Activations, NumberFormat.F32, rows, columns);
        builder.Emit(
            new Combine
            {
                Leaves = builder.Describe(accumulator, x.Rows, columns),
                Destination = builder.Describe(folded, x.Rows, columns),
                Count = leaves,
            }
        );
        return result with { Buffer = folded };
    }

    /// <summary>
    /// The value in a format, with <paramref name="columns"/> at every tile. Parts are quantised where they are and travel quantised: a scale
    /// per row needs the row's maximum first, which is exact in any order.
    /// </summary>
    private Value Quantised(Value value, NumberFormat format, Axis columns)
    {
        int asked = value.Buffer;
        if (converted.TryGetValue((asked, format, columns), out Value? known))
            return known;
        // A group is quantised where all of it is: parts that cut groups are gathered first.
        if (
            format.GroupSize > 0
            && columns.RankStep == 0
            && !value.IsWhole
            && (value.Columns.RankStep % format.GroupSize != 0 || value.Columns.TileStep % format.GroupSize != 0)
        )
            value = Whole(value);
        Value result = value;
        if (format == NumberFormat.F32)
        {
            result = columns.RankStep > 0 ? Exchanged(value, columns) : Whole(value);
        }
        else
        {
            int maximum = -1;
            bool divided = !value.IsWhole;
            Axis rows = divided ? value.Rows : mapping.RowWise(value.Rows);
            Axis part = value.Columns;
            if (mapping.IsShared && divided)
            {
                rows = mapping.RowWise(value.Rows);
                part = part with { TileStep = 0 };
                divided = part.RankStep > 0;
            }
            if (divided && format.Granularity == ScaleGranularity.Row)
                maximum = RowMaximum(value, rows, part);
            int buffer = builder.Activation(NameOf(value) + ".q", Activations, format, value.Rows, mapping.Held(part, Activations));
            builder.Emit(
                new Quantise
                {
                    Source = builder.Describe(value.Buffer, rows, part),
                    AbsoluteMaximum = maximum,
                    Destination = builder.Describe(buffer, rows, part),
                }
            );
            result = Exchanged(new(buffer, format, value.Rows, part), columns);
        }
        converted[(asked, format, columns)] = result;
        return result;
    }

    private int RowMaximum(Value value, Axis rows, Axis part)
    {
        int buffer = builder.Activation(NameOf(value) + ".max", Activations, NumberFormat.F32, value.Rows, new Axis(1));
        int divided = builder.Describe(buffer, rows, new Axis(1));
        builder.Emit(new AbsMax { Source = builder.Describe(value.Buffer, rows, part), Destination = divided });
        bool overRanks = part.RankStep > 0;
        bool overTiles = part.TileStep > 0;
        int whole = builder.Describe(buffer, value.Rows, new Axis(1));
        builder.Emit(
            new Reduce
            {
                Source = whole,
                Destination = whole,
                Group =
                    !overRanks ? Group.Tiles
                    : overTiles ? Group.All
                    : Group.Ranks,
                Operation = ReduceOperation.Maximum,
                Algorithm = overRanks ? CollectiveAlgorithm.Butterfly : CollectiveAlgorithm.Tree,
                LinkClass = 0,
                Engine = overRanks ? Engine.Link : Engine.Network,
            },
            allTiles: !mapping.IsShared
        );
        return divided;
    }
}
