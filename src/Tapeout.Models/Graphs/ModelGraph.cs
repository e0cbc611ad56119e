using System.Text;

namespace Tapeout.Models.Graphs;

/// <summary>A model as operations at transformer granularity, in an order in which they can be executed.</summary>
public sealed class ModelGraph
{
    /// <summary>The value that holds the token ids.</summary>
    public const int TokenIds = 0;

    /// <summary>A graph of <paramref name="nodes"/>, which are in order and numbered from 0.</summary>
    public ModelGraph(string name, IReadOnlyList<GraphNode> nodes)
    {
        Name = name;
        Nodes = nodes;
        Layers = FindLayers(nodes);
        Runs = FindRuns();
    }

    /// <summary>The architecture.</summary>
    public string Name { get; }

    /// <summary>All nodes.</summary>
    public IReadOnlyList<GraphNode> Nodes { get; }

    /// <summary>The layers, in order.</summary>
    public IReadOnlyList<GraphLayer> Layers { get; }

    /// <summary>The layers grouped into runs of equal structure; together they are all layers.</summary>
    public IReadOnlyList<LayerRun> Runs { get; }

    /// <summary>The node that makes <paramref name="value"/>; null for the token ids.</summary>
    public GraphNode? Producer(int value) => value == TokenIds ? null : Nodes[value - 1];

    /// <summary>Every weight that a node reads, each once.</summary>
    public IEnumerable<WeightReference> Weights() => Nodes.SelectMany(n => n.Weights).DistinctBy(w => w.Name);

    /// <summary>The graph as text: one line a node, with the value it makes, its operator, inputs and weights.</summary>
    public string Dump()
    {
        StringBuilder text = new();
        text.Append("graph ").Append(Name).Append(" nodes=").Append(Nodes.Count).Append(" layers=").Append(Layers.Count).Append('\n');
        foreach (LayerRun run in Runs)
            text.Append("run layers ").Append(run.First).Append('…').Append(run.First + run.Count - 1).Append('\n');
        int layer = -1;
        foreach (GraphNode node in Nodes)
        {
            if (node.Layer != layer && node.Layer >= 0)
                text.Append("layer ").Append(node.Layer).Append('\n');
            layer = node.Layer;
            text.Append(node.Layer >= 0 ? "    %" : "  %").Append(node.Output).Append(" = ").Append(node.Signature).Append(" (");
            text.AppendJoin(", ", node.Inputs.Select(i => "%" + i)).Append(") ").Append(node.Name);
            if (node.Weights.Count > 0)
                text.Append(" [").AppendJoin(", ", node.Weights.Select(w => w.Name)).Append(']');
            text.Append('\n');
        }
        return text.ToString();
    }

    private static List<GraphLayer> FindLayers(IReadOnlyList<GraphNode> nodes)
    {
        List<GraphLayer> layers = [];
        for (int i = 0; i < nodes.Count; )
        {
            int end = i + 1;
            while (end < nodes.Count && nodes[end].Layer == nodes[i].Layer)
                end++;
            if (nodes[i].Layer >= 0)
                layers.Add(new(nodes[i].Layer, i, end - i));
            i = end;
        }
        return layers;
    }

    private List<LayerRun> FindRuns()
    {
        List<LayerRun> runs = [];
        foreach (GraphLayer layer in Layers)
        {
            if (runs.Count > 0 && SameStructure(Layers[runs[^1].First], layer))
                runs[^1] = runs[^1] with { Count = runs[^1].Count + 1 };
            else
                runs.Add(new(runs.Count == 0 ? 0 : runs[^1].First + runs[^1].Count, 1));
        }
        return runs;
    }

    private bool SameStructure(GraphLayer a, GraphLayer b)
    {
        if (a.Count != b.Count)
            return false;
        int shift = b.First - a.First;
        for (int i = 0; i < a.Count; i++)
        {
            GraphNode first = Nodes[a.First + i];
            GraphNode second = Nodes[b.First + i];
            if (first.Name != second.Name || first.Signature != second.Signature || first.Inputs.Count != second.Inputs.Count)
                return false;
            for (int j = 0; j < first.Inputs.Count; j++)
            {
                if (first.Inputs[j] + shift != second.Inputs[j])
                    return false;
            }
        }
        return true;
    }
}
