using Tapeout.Models.Graphs;

namespace Tapeout.Models.Architectures;

/// <summary>The graph of llama and its relatives. Names of nodes and weights are those of GGUF.</summary>
internal static class DecoderGraph
{
    /// <summary>Embedding, the layers, the final norm, the logits.</summary>
    public static ModelGraph Build(ModelConfiguration c)
    {
        GraphBuilder graph = new();
        int x = graph.Add(
            new EmbedNode(graph.Next, "token_embd", -1, [ModelGraph.TokenIds], new("token_embd.weight", c.Vocabulary, c.Hidden))
        );
        for (int layer = 0; layer < c.Layers; layer++)
        {
            x = Attention(graph, c, layer, x);
            x = c.Experts == 0 ? FeedForward(graph, c, layer, x) : Experts(graph, c, layer, x);
        }
        x = graph.Add(Norm(graph.Next, "output_norm", -1, x, c, "output_norm.weight"));
        string output = c.TiedEmbeddings ? "token_embd.weight" : "output.weight";
        graph.Add(new OutputNode(graph.Next, "output", -1, [x], new(output, c.Vocabulary, c.Hidden)));
        return new(c.Architecture, graph.Nodes);
    }

    private static int Attention(GraphBuilder graph, ModelConfiguration c, int layer, int residual)
    {
        int queries = c.Heads * c.HeadDimension;
        int keys = c.KeyValueHeads * c.HeadDimension;
        int x = graph.Add(Norm(graph.Next, "attn_norm", layer, residual, c, $"blk.{layer}.attn_norm.weight"));
        int q = MatMul(graph, "attn_q", layer, x, queries, c.Hidden);
        int k = MatMul(graph, "attn_k", layer, x, keys, c.Hidden);
        int v = MatMul(graph, "attn_v", layer, x, keys, c.Hidden);
        q = Rope(graph, "rope_q", layer, q, c.Heads, c);
        k = Rope(graph, "rope_k", layer, k, c.KeyValueHeads, c);
        x = graph.Add(
            new AttentionNode(
                graph.Next,
                "attention",
                layer,
                [q, k, v],
                c.Heads,
                c.KeyValueHeads,
                c.HeadDimension,
                1 / MathF.Sqrt(c.HeadDimension),
                c.SlidingWindow
            )
        );
        x = MatMul(graph, "attn_output", layer, x, c.Hidden, queries);
        return graph.Add(new AddNode(graph.Next, "attn_add", layer, [residual, x], c.Hidden));
    }

    private static int FeedForward(GraphBuilder graph, ModelConfiguration c, int layer, int residual)
    {
        int x = graph.Add(Norm(graph.Next, "ffn_norm", layer, residual, c, $"blk.{layer}.ffn_norm.weight"));
        int gate = MatMul(graph, "ffn_gate", layer, x, c.FeedForward, c.Hidden);
        int up = MatMul(graph, "ffn_up", layer, x, c.FeedForward, c.Hidden);
        x = graph.Add(new GatedActivationNode(graph.Next, "ffn_gated", layer, [gate, up], c.FeedForward, ActivationFunction.Silu));
        x = MatMul(graph, "ffn_down", layer, x, c.Hidden, c.FeedForward);
        return graph.Add(new AddNode(graph.Next, "ffn_add", layer, [residual, x], c.Hidden));
    }

    private static int Experts(GraphBuilder graph, ModelConfiguration c, int layer, int residual)
    {
        int x = graph.Add(Norm(graph.Next, "ffn_norm", layer, residual, c, $"blk.{layer}.ffn_norm.weight"));
        int logits = MatMul(graph, "ffn_gate_inp", layer, x, c.Experts, c.Hidden);
        int route = graph.Add(
            new RouteNode(
                graph.Next,
                "ffn_route",
                layer,
                [logits],
                c.Experts,
                c.ExpertsUsed,
                ExpertScoring.Softmax,
                c.NormaliseExpertWeights
            )
        );
        x = graph.Add(
            new ExpertsNode(
                graph.Next,
                "ffn_experts",
                layer,
                [x, route],
                c.ExpertsUsed,
                new($"blk.{layer}.ffn_gate_exps.weight", c.ExpertFeedForward, c.Hidden, c.Experts),
                new($"blk.{layer}.ffn_up_exps.weight", c.ExpertFeedForward, c.Hidden, c.Experts),
                new($"blk.{layer}.ffn_down_exps.weight", c.Hidden, c.ExpertFeedForward, c.Experts),
                ActivationFunction.Silu
            )
        );
        return graph.Add(new AddNode(graph.Next, "ffn_add", layer, [residual, x], c.Hidden));
    }

    private static NormNode Norm(int id, string name, int layer, int input, ModelConfiguration c, string weight) =>
        new(id, name, layer, [input], NormKind.Rms, c.NormEpsilon, new(weight, 1, c.Hidden));

    private static int MatMul(GraphBuilder graph, string name, int layer, int input, int rows, int columns) =>
        graph.Add(new MatMulNode(graph.Next, name, layer, [input], new($"blk.{layer}.{name}.weight", rows, columns)));

    private static int Rope(GraphBuilder graph, string name, int layer, int input, int heads, ModelConfiguration c) =>
        graph.Add(
            new RopeNode(
                graph.Next,
                name,
                layer,
                [input],
                heads,
                c.HeadDimension,
                c.RopeDimensions,
                c.RopeBase,
                c.RopePairing,
                c.RopeFrequencyFactors
            )
        );
}
