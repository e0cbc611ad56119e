using Tapeout.Isa;
using Tapeout.Models.Graphs;
using Tapeout.Numerics;

namespace Tapeout.Compiler;

internal sealed partial class Lowering
{
    private Value Route(RouteNode node)
    {
        Value logits = Whole(values[node.Inputs[0]]);
        Axis pairs = new(SizeExpression.Of(Symbol.Tokens, node.Used));
        Axis slots = new(node.Used);
        int gates = builder.Activation(node.Name + ".gates", Activations, NumberFormat.F32, logits.Rows, slots);
        int ids = builder.Activation(node.Name + ".ids", Activations, NumberFormat.I32, logits.Rows, slots);
        int permutation = builder.Activation(node.Name + ".permutation", Activations, NumberFormat.I32, pairs, new Axis(1));
        builder.Emit(
            new Route
            {
                Logits = builder.Describe(logits),
                Gates = builder.Describe(gates, logits.Rows, slots),
                Ids = builder.Describe(ids, logits.Rows, slots),
                Permutation = builder.Describe(permutation, pairs, new Axis(1)),
                Count = node.Used,
                Scoring = node.Scoring == ExpertScoring.Sigmoid ? RouteScoring.Sigmoid : RouteScoring.SoftmaxThenTop,
                Normalise = node.Normalise,
                Scale = 1,
            },
            allTiles: !mapping.IsShared
        );
        Value value = new(gates, NumberFormat.F32, logits.Rows, slots);
        routings[node.Output] = new(value, permutation, pairs, node.Used);
        return value;
    }

    private Value Experts(ExpertsNode node)
    {
        Routing routing = routings[node.Inputs[1]];
        Value source = Whole(values[node.Inputs[0]]);
        Axis expertRows = new(routing.Rows.Total) { Kind = AxisKind.ExpertRows, LoopLevel = 1 };
        Value Sorted(Value x)
        {
            int buffer = builder.Activation(node.Name + ".sorted", Activations, x.Format, routing.Rows, x.Columns);
            builder.Emit(
                new Permute
                {
                    Source = builder.Describe(x),
                    Permutation = builder.Describe(routing.Permutation, routing.Rows, new Axis(1)),
                    Destination = builder.Describe(buffer, routing.Rows, x.Columns),
                    Count = routing.Used,
                },
                allTiles: !mapping.IsShared
            );
            return new(buffer, x.Format, routing.Rows, x.Columns);
        }

        NumberFormat gateFormat = quantised.FormatOf(node.Gate.Name);
        NumberFormat upFormat = quantised.FormatOf(node.Up.Name);
        NumberFormat activation = quantised.ActivationOf(node.Gate.Name);
        Value sorted = Sorted(Quantised(source, activation, new Axis(source.Width)));
        builder.BeginLoop(1, node.Gate.Count);
        Value gate = ExpertProduct(node.Name + ".gate", sorted, node.Gate, gateFormat, expertRows);
        Value up = ExpertProduct(node.Name + ".up", sorted, node.Up, upFormat, expertRows);
        builder.EndLoop();
        Value hidden = Pair(node.Name + ".hidden", gate, up, Gate(node.Function), null);
        NumberFormat downFormat = quantised.FormatOf(node.Down.Name);
        Value x = Quantised(hidden, quantised.ActivationOf(node.Down.Name), new Axis(hidden.Width));
        builder.BeginLoop(1, node.Down.Count);
        Value down = ExpertProduct(node.Name + ".down", x, node.Down, downFormat, expertRows);
        builder.EndLoop();
        Value outputs = Whole(down);
        int mixed = builder.Activation(node.Name, Activations, NumberFormat.F32, source.Rows, outputs.Columns);
        builder.Emit(
            new Mix
            {
                Source = builder.Describe(outputs),
                Permutation = builder.Describe(routing.Permutation, routing.Rows, new Axis(1)),
                Gates = builder.Describe(routing.Gates),
                Destination = builder.Describe(mixed, source.Rows, outputs.Columns),
                Count = routing.Used,
            },
            allTiles: !mapping.IsShared
        );
        return new(mixed, NumberFormat.F32, source.Rows, outputs.Columns);
    }

    private Value ExpertProduct(string name, Value sorted, WeightReference weight, NumberFormat format, Axis rows)
    {
        ProductRule rule = ProductRule.For(format, sorted.Format, weight.Columns);
        ProductContext context = new(name, weight, format, rule, rows, true);
        return WholeProduct(context, sorted with { Rows = rows });
    }
}
