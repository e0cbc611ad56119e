using Tapeout.Isa;
using Tapeout.Models.Graphs;
using Tapeout.Numerics;

namespace Tapeout.Compiler;

internal sealed partial class Lowering
{
    private Value Rope(RopeNode node)
    {
        Value source = values[node.Inputs[0]];
        // A rank turns the heads it has made: where its tiles share memory, all of them see those.
        source = HasWholeHeads(source, node.HeadDimension) ? Exchanged(source, source.Columns with { TileStep = 0 }) : Whole(source);
        Axis rows = mapping.RowWise(source.Rows);
        string table = QuantisedModel.RopeTable(node);
        int phases = Constant(
            table,
            NumberFormat.I32,
            mapping.IsShared ? Space.Dram : Space.Sram,
            new Axis(1),
            new Axis(node.Dimensions),
            1
        );
        int buffer = builder.Activation(node.Name, Activations, NumberFormat.F32, source.Rows, mapping.Held(source.Columns, Activations));
        builder.Emit(
            new Rotate
            {
                Source = builder.Describe(source.Buffer, rows, source.Columns),
                Destination = builder.Describe(buffer, rows, source.Columns),
                Phases = builder.Describe(phases, new Axis(1), new Axis(node.Dimensions)),
                HeadDimension = node.HeadDimension,
                RotaryDimensions = node.Dimensions,
                Pairing = node.Pairing == Models.RopePairing.Interleaved ? Isa.RopePairing.Interleaved : Isa.RopePairing.HalfSplit,
            }
        );
        return source with { Buffer = buffer };
    }

    /// <summary>True if each rank has made whole heads, which all its tiles see.</summary>
    private bool HasWholeHeads(Value value, int dimension) =>
        mapping.IsShared && value.Columns.RankStep > 0 && value.Columns.RankStep % dimension == 0;

    /// <summary>The heads that a rank attends with: what it has made, if those are the same; all of them otherwise.</summary>
    private Value Heads(Value value, int dimension, int rankStep) =>
        HasWholeHeads(value, dimension) && value.Columns.RankStep == rankStep
            ? Exchanged(value, value.Columns with { TileStep = 0 })
            : Whole(value);

    private Value Attend(AttentionNode node)
    {
        int group = node.Heads / node.KeyValueHeads;
        int dimension = node.HeadDimension;
        int perRank = mapping.KvHeadsPerRank(node.KeyValueHeads);
        int rankHeads = mapping.Ranks > 1 ? perRank : 0;
        Value query = Heads(values[node.Inputs[0]], dimension, rankHeads * group * dimension);
        Value keys = Heads(values[node.Inputs[1]], dimension, rankHeads * dimension);
        Value rows = Heads(values[node.Inputs[2]], dimension, rankHeads * dimension);
        int tileHeads = mapping.Tiles > 1 ? Mapping.Divide(perRank, mapping.Tiles) : 0;
        bool inSram = mapping.KvSpace == Space.Sram;
        if (cache.Keys < 0)
        {
            Axis held = new(node.KeyValueHeads * Envelope.PageSize)
            {
                RankStep = rankHeads * Envelope.PageSize,
                TileStep = inSram ? tileHeads * Envelope.PageSize : 0,
            };
            cache = (KvBuffer("kv_cache.keys", held, dimension), KvBuffer("kv_cache.values", held, dimension));
        }
        IndexExpression layer = layerCount > 1 ? IndexExpression.Loop(0, layerFirst) : new(layerFirst);
        Axis heads = new(node.KeyValueHeads * Envelope.PageSize)
        {
            RankStep = rankHeads * Envelope.PageSize,
            TileStep = tileHeads * Envelope.PageSize,
        };
        Axis part = new(node.KeyValueHeads * dimension) { RankStep = rankHeads * dimension, TileStep = tileHeads * dimension };
        Append(keys, cache.Keys, part, heads, dimension, layer);
        Append(rows, cache.Values, part, heads, dimension, layer);

        // KV in DRAM is reached from every tile, so query heads are spread over all tiles; KV in SRAM stays with its head's tile.
        Axis queryHeads = new(node.Heads * dimension)
        {
            RankStep = rankHeads * group * dimension,
            TileStep =
                mapping.Tiles == 1 ? 0
                : inSram ? tileHeads * group * dimension
                : Mapping.Divide(perRank * group, mapping.Tiles) * dimension,
        };
        Axis read = inSram ? heads : heads with { TileStep = 0 };
        int buffer = builder.Activation(node.Name, Activations, NumberFormat.F32, query.Rows, mapping.Held(queryHeads, Activations));
        builder.Emit(
            new Attend
            {
                Query = builder.Describe(query.Buffer, query.Rows, queryHeads),
                Keys = builder.Describe(cache.Keys, read, new Axis(dimension), layer),
                Values = builder.Describe(cache.Values, read, new Axis(dimension), layer),
                Destination = builder.Describe(buffer, query.Rows, queryHeads),
                HeadDimension = dimension,
                GroupSize = group,
                Scale = node.Scale,
                Window = node.Window ?? 0,
                Softcap = node.SoftCap ?? 0,
                Result = AttentionResult.Final,
                FirstBlock = new(0),
                BlockCount = 0,
            }
        );
        return new(buffer, NumberFormat.F32, query.Rows, queryHeads);
    }

    private int KvBuffer(string name, Axis rows, int dimension) =>
        builder.AddBuffer(
            new()
            {
                Name = name,
                Kind = BufferKind.State,
                Space = mapping.KvSpace,
                Format = quantised.Recipe.Kv,
                Stack0 = layersTotal,
                Stack1 = mapping.Envelope.Pages,
                Rows = rows,
                Columns = new Axis(dimension),
            }
        );

    private void Append(Value source, int buffer, Axis part, Axis heads, int dimension, IndexExpression layer) =>
        builder.Emit(
            new KvAppend
            {
                Source = builder.Describe(source.Buffer, source.Rows, part),
                Cache = builder.Describe(buffer, heads, new Axis(dimension), layer),
                HeadDimension = dimension,
            }
        );

    private Value Output(OutputNode node)
    {
        Value source = values[node.Inputs[0]];
        if (source.Rows != Mapping.LogitRows)
            source = SelectLogitRows(Whole(source));
        Value logits = Product(node.Name, source, node.Weight);
        builder.Enter(node.Name, -1, -1);
        builder.Emit(new HostOut { Source = builder.Describe(logits), Data = HostData.Logits });

        int share = logits.Columns.Capacity(mapping.Bounds);
        int count = mapping.Candidates <= 0 ? share : Math.Min(mapping.Candidates, share);
        int shards = Mapping.Divide(
            logits.Columns.RankStep > 0 ? logits.Columns.RankStep : node.Width,
            logits.Columns.TileStep > 0 ? logits.Columns.TileStep : node.Width
        );
        int ranks = logits.Columns.RankStep > 0 ? Mapping.Divide(node.Width, logits.Columns.RankStep) : 1;
        Axis columns = new(ranks * shards * count)
        {
            RankStep = logits.Columns.RankStep > 0 ? shards * count : 0,
            TileStep = logits.Columns.TileStep > 0 ? count : 0,
        };
        builder.Enter("sample", -1, -1);
        int scores = builder.Activation(
            "candidates.scores",
            Activations,
            NumberFormat.F32,
            logits.Rows,
            mapping.Held(columns, Activations)
        );
        int ids = builder.Activation("candidates.ids", Activations, NumberFormat.I32, logits.Rows, mapping.Held(columns, Activations));
        builder.Emit(
            new TopK
            {
                Source = builder.Describe(logits),
                Values = builder.Describe(scores, logits.Rows, columns),
                Ids = builder.Describe(ids, logits.Rows, columns),
                Count = count,
            }
        );
        Value allScores = Whole(new(scores, NumberFormat.F32, logits.Rows, columns));
        Value allIds = Whole(new(ids, NumberFormat.I32, logits.Rows, columns));
        int chosen = builder.Activation("token", Activations, NumberFormat.I32, logits.Rows, new Axis(1));
        int token = builder.Describe(chosen, logits.Rows, new Axis(1));
        builder.Emit(
            new Sample
            {
                Values = builder.Describe(allScores),
                Ids = builder.Describe(allIds),
                Destination = token,
            },
            allTiles: false
        );
        builder.Emit(new HostOut { Source = token, Data = HostData.TokenIds }, allTiles: false);
        return logits;
    }
}
