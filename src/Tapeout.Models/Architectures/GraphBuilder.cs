using Tapeout.Models.Graphs;

namespace Tapeout.Models.Architectures;

/// <summary>Collects nodes in order.</summary>
internal sealed class GraphBuilder
{
    private readonly List<GraphNode> _nodes = [];

    /// <summary>The nodes so far.</summary>
    public IReadOnlyList<GraphNode> Nodes => _nodes;

    /// <summary>The id of the next node.</summary>
    public int Next => _nodes.Count;

    /// <summary>Adds a node made with the id <see cref="Next"/>; returns the value it makes.</summary>
    public int Add(GraphNode node)
    {
        _nodes.Add(node);
        return node.Output;
    }
}
