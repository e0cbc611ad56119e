using System.Globalization;
using Tapeout.Isa;
using Tapeout.Models.Graphs;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Compiler;

/// <summary>
/// Lowers the graph to instructions: each operator is cut over ranks and tiles, its operands are brought into the format and distribution
/// that it needs, weights are read where they live. Repeated layers become one loop.
/// </summary>
internal sealed partial class Lowering
{
    private readonly ModelGraph graph;
    private readonly QuantisedModel quantised;
    private readonly Mapping mapping;
    private readonly RoleBuilder builder;
    private readonly Dictionary<int, Value> values = [];
    private readonly Dictionary<(int Buffer, NumberFormat Format, Axis Columns), Value> converted = [];
    private readonly Dictionary<int, Value> gathered = [];
    private readonly Dictionary<string, int> constants = [];
    private readonly Dictionary<int, Routing> routings = [];
    private int layerFirst = -1;
    private int layerCount;
    private int layersTotal;
    private (int Keys, int Values) cache = (-1, -1);

    private Lowering(ModelGraph graph, QuantisedModel quantised, Mapping mapping)
    {
        this.graph = graph;
        this.quantised = quantised;
        this.mapping = mapping;
        builder = new(mapping.Tiles, mapping.Chip.Execution);
    }

    private sealed record Routing(Value Gates, int Permutation, Axis Rows, int Used);

    private bool InLayer => layerFirst >= 0;

    private Space Activations => mapping.ActivationSpace;

    /// <summary>The instructions of the whole model, without addresses and tokens.</summary>
    public static RoleBuilder Lower(ModelGraph graph, QuantisedModel quantised, Mapping mapping)
    {
        Lowering lowering = new(graph, quantised, mapping);
        lowering.Run();
        return lowering.builder;
    }

    private void Run()
    {
        layersTotal = graph.Layers.Count;
        builder.Enter("tokens", -1, -1);
        int firstLayerNode = graph.Layers.Count > 0 ? graph.Layers[0].First : graph.Nodes.Count;
        for (int i = 0; i < firstLayerNode; i++)
            LowerNode(graph.Nodes[i], null);
        Value? residual = null;
        foreach (LayerRun run in graph.Runs)
        {
            GraphLayer first = graph.Layers[run.First];
            int input = LayerInput(first);
            residual ??= Residual(Whole(values[input]));
            layerFirst = run.First;
            layerCount = run.Count;
            builder.Enter("layers", run.First, run.Count > 1 ? 0 : -1);
            if (run.Count > 1)
                builder.BeginLoop(0, run.Count);
            converted.Clear();
            gathered.Clear();
            values[input] = residual;
            for (int i = first.First; i < first.First + first.Count; i++)
                LowerNode(graph.Nodes[i], i == first.First + first.Count - 1 ? residual : null);
            if (run.Count > 1)
                builder.EndLoop();
            layerFirst = -1;
            GraphLayer last = graph.Layers[run.First + run.Count - 1];
            values[graph.Nodes[last.First + last.Count - 1].Output] = residual;
            converted.Clear();
            gathered.Clear();
            constants.Clear();
        }
        int tail = graph.Layers.Count > 0 ? graph.Layers[^1].First + graph.Layers[^1].Count : graph.Nodes.Count;
        for (int i = tail; i < graph.Nodes.Count; i++)
            LowerNode(graph.Nodes[i], null);
        builder.Enter("end", -1, -1);
        builder.Instructions.Add(new Halt { Origin = builder.CurrentOrigin });
    }

    /// <summary>The one value that a layer takes from outside.</summary>
    private int LayerInput(GraphLayer layer)
    {
        int[] outside =
        [
            .. graph
                .Nodes.Skip(layer.First)
                .Take(layer.Count)
                .SelectMany(n => n.Inputs)
                .Where(v => v != ModelGraph.TokenIds && v <= layer.First)
                .Distinct(),
        ];
        return outside.Length == 1
            ? outside[0]
            : throw new InvalidInputException(
                $"Layer {layer.Index} of '{graph.Name}' reads {outside.Length} values of other layers; layers must hand on one residual stream."
            );
    }

    /// <summary>The residual stream in a buffer of its own, which every layer reads and writes.</summary>
    private Value Residual(Value source)
    {
        int buffer = builder.Activation("residual", Activations, NumberFormat.F32, source.Rows, source.Columns);
        Value residual = source with { Buffer = buffer };
        Axis rows = mapping.RowWise(source.Rows);
        builder.Emit(
            new Copy
            {
                Source = builder.Describe(source.Buffer, rows, source.Columns),
                Destination = builder.Describe(buffer, rows, source.Columns),
                Multicast = false,
            }
        );
        return residual;
    }

    private void LowerNode(GraphNode node, Value? destination)
    {
        builder.Enter(node.Name, node.Layer, InLayer && layerCount > 1 ? 0 : -1);
        Value value = node switch
        {
            EmbedNode embed => Embed(embed),
            NormNode norm => Norm(norm),
            MatMulNode product => Product(product.Name, values[product.Inputs[0]], product.Weight),
            RopeNode rope => Rope(rope),
            AttentionNode attention => Attend(attention),
            GatedActivationNode gate => Pair(gate.Name, values[gate.Inputs[0]], values[gate.Inputs[1]], Gate(gate.Function), null),
            AddNode add => Pair(add.Name, values[add.Inputs[0]], values[add.Inputs[1]], BinaryFunction.Add, destination),
            MultiplyNode multiply => Pair(
                multiply.Name,
                values[multiply.Inputs[0]],
                values[multiply.Inputs[1]],
                BinaryFunction.Multiply,
                destination
            ),
            RouteNode route => Route(route),
            ExpertsNode experts => Experts(experts),
            OutputNode output => Output(output),
            _ => throw new InvalidInputException($"The compiler has no lowering for the operator '{node.Signature}'."),
        };
        if (destination is not null && value != destination)
        {
            throw new InvalidInputException(
                $"Layer {node.Layer} of '{graph.Name}' ends with '{node.Signature}', not with an addition to the residual stream."
            );
        }
        values[node.Output] = value;
    }

    private static BinaryFunction Gate(ActivationFunction function) =>
        function switch
        {
            ActivationFunction.Gelu => BinaryFunction.GeluErfMultiply,
            ActivationFunction.GeluTanh => BinaryFunction.GeluTanhMultiply,
            _ => BinaryFunction.SiluMultiply,
        };

    private Value Embed(EmbedNode node)
    {
        int ids = builder.Activation("token_ids", Activations, NumberFormat.I32, Mapping.Tokens, new Axis(1));
        builder.Emit(
            new HostIn { Destination = builder.Describe(ids, Mapping.Tokens, new Axis(1)), Data = HostData.TokenIds },
            allTiles: !mapping.IsShared
        );
        NumberFormat format = quantised.FormatOf(node.Weight.Name);
        bool inSram = !mapping.HasDram && !mapping.HasRom;
        Space space =
            mapping.HasDram ? Space.Dram
            : mapping.HasRom ? Space.Rom
            : Space.Sram;
        Axis columns = mapping.Split(node.Width, Math.Max(32, format.GroupSize));
        Axis held = inSram ? columns : new Axis(node.Width);
        int table = builder.AddBuffer(
            new()
            {
                Name = node.Weight.Name + ".rows",
                Kind = BufferKind.Constant,
                Space = space,
                Format = format,
                Rows = new Axis(node.Weight.Rows),
                Columns = held,
                Tensor = node.Weight.Name,
            }
        );
        int buffer = builder.Activation(node.Name, Activations, NumberFormat.F32, Mapping.Tokens, mapping.Held(columns, Activations));
        builder.Emit(
            new Gather
            {
                Table = builder.Describe(table, new Axis(node.Weight.Rows), columns),
                Destination = builder.Describe(buffer, Mapping.Tokens, columns),
                Rows = RowSource.TokenIds,
                Ids = builder.Describe(ids, Mapping.Tokens, new Axis(1)),
            }
        );
        return new(buffer, NumberFormat.F32, Mapping.Tokens, columns);
    }

    private Value Norm(NormNode node)
    {
        if (node.Kind != NormKind.Rms)
            throw new InvalidInputException($"'{node.Name}' is a layer norm; the instruction set has root-mean-square norms.");
        Value source = Whole(values[node.Inputs[0]]);
        if (graph.Nodes.Where(n => n.Inputs.Contains(node.Output)).All(n => n is OutputNode))
            source = SelectLogitRows(source);
        Axis rows = mapping.RowWise(source.Rows);
        int sums = builder.Activation(node.Name + ".sum", Activations, NumberFormat.F32, source.Rows, new Axis(1));
        int gamma = Constant(
            node.Weight.Name,
            NumberFormat.F32,
            mapping.HasDram ? Space.Dram
                : mapping.HasRom ? Space.Rom
                : Space.Sram,
            new Axis(1),
            new Axis(node.Width),
            1
        );
        int buffer = builder.Activation(node.Name, Activations, NumberFormat.F32, source.Rows, source.Columns);
        builder.Emit(
            new NormSum
            {
                Source = builder.Describe(source.Buffer, rows, source.Columns),
                Destination = builder.Describe(sums, rows, new Axis(1)),
                Kind = NormSumKind.SumOfSquares,
            }
        );
        builder.Emit(
            new Norm
            {
                Source = builder.Describe(source.Buffer, rows, source.Columns),
                Sums = builder.Describe(sums, rows, new Axis(1)),
                Gamma = builder.Describe(gamma, new Axis(1), new Axis(node.Width), LayerIndex()),
                Destination = builder.Describe(buffer, rows, source.Columns),
                Width = node.Width,
                Epsilon = node.Epsilon,
            }
        );
        return source with { Buffer = buffer };
    }

    private Value SelectLogitRows(Value source)
    {
        int buffer = builder.Activation("logit_rows", Activations, NumberFormat.F32, Mapping.LogitRows, source.Columns);
        Axis rows = mapping.RowWise(Mapping.LogitRows);
        builder.Emit(
            new Gather
            {
                Table = builder.Describe(source),
                Destination = builder.Describe(buffer, rows, source.Columns),
                Rows = RowSource.LogitRows,
            }
        );
        return source with { Buffer = buffer, Rows = Mapping.LogitRows };
    }

    private Value Pair(string name, Value left, Value right, BinaryFunction function, Value? destination)
    {
        if (left.Columns != right.Columns || destination is not null)
        {
            left = Whole(left);
            right = Whole(right);
        }
        bool divided = !left.IsWhole;
        Axis rows = divided ? left.Rows : mapping.RowWise(left.Rows);
        Value result =
            destination
            ?? left with
            {
                Buffer = builder.Activation(name, Activations, NumberFormat.F32, left.Rows, mapping.Held(left.Columns, Activations)),
            };
        builder.Emit(
            new Binary
            {
                Left = builder.Describe(left.Buffer, rows, left.Columns),
                Right = builder.Describe(right.Buffer, rows, right.Columns),
                Destination = builder.Describe(result.Buffer, rows, result.Columns),
                Function = function,
            }
        );
        return result;
    }

    /// <summary>The value with whole rows at every tile of every rank.</summary>
    private Value Whole(Value value)
    {
        if (value.IsWhole)
            return value;
        if (gathered.TryGetValue(value.Buffer, out Value? known))
            return known;
        Value whole = Exchanged(value, new Axis(value.Width));
        gathered[value.Buffer] = whole;
        return whole;
    }

    /// <summary>The value after an exchange that leaves <paramref name="columns"/> at every tile.</summary>
    private Value Exchanged(Value value, Axis columns)
    {
        bool overRanks = value.Columns.RankStep != columns.RankStep;
        bool overTiles = value.Columns.TileStep != columns.TileStep && !mapping.IsShared;
        if (!overRanks && !overTiles)
            return value with { Columns = columns };
        int buffer = builder.Activation(NameOf(value) + ".all", Activations, value.Format, value.Rows, columns);
        Group group =
            !overRanks ? Group.Tiles
            : overTiles ? Group.All
            : Group.Ranks;
        Axis source = mapping.IsShared ? value.Columns with { TileStep = 0 } : value.Columns;
        builder.Emit(
            new Exchange
            {
                Source = builder.Describe(value.Buffer, value.Rows, source),
                Destination = builder.Describe(buffer, value.Rows, columns),
                Group = group,
                Algorithm =
                    group == Group.Tiles && mapping.Chip.Network.Multicast ? CollectiveAlgorithm.Multicast : CollectiveAlgorithm.Direct,
                LinkClass = 0,
                Engine = group == Group.Tiles ? Engine.Network : Engine.Link,
            },
            allTiles: !mapping.IsShared
        );
        return value with { Buffer = buffer, Columns = columns };
    }

    private string NameOf(Value value) => builder.Buffers[value.Buffer].Name;

    /// <summary>The index of the current layer in a stack of the run's layers.</summary>
    private IndexExpression LayerIndex() => InLayer && layerCount > 1 ? IndexExpression.Loop(0) : new(0);

    /// <summary>A constant buffer: in layers a stack over the run.</summary>
    private int Constant(string tensor, NumberFormat format, Space space, Axis rows, Axis columns, int experts)
    {
        string key = $"{tensor} {space} {rows} {columns}";
        if (constants.TryGetValue(key, out int known))
            return known;
        string pattern = InLayer ? Pattern(tensor) : tensor;
        int buffer = builder.AddBuffer(
            new()
            {
                Name = pattern.Replace("{0}", "N", StringComparison.Ordinal),
                Kind = BufferKind.Constant,
                Space = space,
                Format = format,
                Stack0 = InLayer && pattern != tensor ? layerCount : 1,
                Stack1 = experts,
                Rows = rows,
                Columns = columns,
                Tensor = pattern,
                FirstLayer = InLayer ? layerFirst : 0,
            }
        );
        constants[key] = buffer;
        return buffer;
    }

    /// <summary>A tensor's name with the layer's number as {0}.</summary>
    private string Pattern(string tensor) =>
        tensor.Replace($".{layerFirst.ToString(CultureInfo.InvariantCulture)}.", ".{0}.", StringComparison.Ordinal);
}
