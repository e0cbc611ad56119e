using Tapeout.Models.Importers;
using Tapeout.Quantities;

namespace Tapeout.Models.Graphs;

/// <summary>Proves that a graph fits itself and the weights: every input defined, widths agree, weights exist in the right shape.</summary>
public static class ModelGraphVerifier
{
    private const int MostProblems = 20;

    /// <summary>Refuses with one sentence per problem (at most 20), each naming the tensor or node.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="weights">The weights of the model.</param>
    /// <param name="source">The file or model, for the sentences.</param>
    /// <exception cref="InvalidInputException">Something does not fit.</exception>
    public static void Verify(ModelGraph graph, IReadOnlyDictionary<string, WeightTensor> weights, string source)
    {
        List<string> problems = [];
        for (int i = 0; i < graph.Nodes.Count && problems.Count < MostProblems; i++)
            CheckNode(graph, i, source, problems);
        foreach (WeightReference wanted in graph.Weights())
        {
            if (problems.Count >= MostProblems)
                break;
            CheckWeight(wanted, weights, source, problems);
        }
        if (problems.Count > 0)
            throw new InvalidInputException(problems);
    }

    private static void CheckNode(ModelGraph graph, int index, string source, List<string> problems)
    {
        GraphNode node = graph.Nodes[index];
        string place = node.Layer >= 0 ? $"{node.Name} of layer {node.Layer}" : node.Name;
        if (node.Id != index)
            problems.Add($"{source}: the graph has node {node.Id} ({place}) at position {index}; nodes are numbered in order.");
        if (node.Inputs.Count != node.InputWidths.Count)
        {
            problems.Add($"{source}: {place} reads {node.Inputs.Count} values where it needs {node.InputWidths.Count}.");
            return;
        }
        for (int i = 0; i < node.Inputs.Count; i++)
        {
            int value = node.Inputs[i];
            if (value < 0 || value > index)
            {
                problems.Add($"{source}: {place} reads value %{value}, which nothing before it makes.");
                continue;
            }
            int width = graph.Producer(value)?.Width ?? 1;
            if (width != node.InputWidths[i])
                problems.Add($"{source}: {place} reads %{value} of width {width} where it needs {node.InputWidths[i]}.");
        }
    }

    private static void CheckWeight(
        WeightReference wanted,
        IReadOnlyDictionary<string, WeightTensor> weights,
        string source,
        List<string> problems
    )
    {
        if (!weights.TryGetValue(wanted.Name, out WeightTensor? weight))
        {
            problems.Add($"{source} has no tensor {Printable.Quote(wanted.Name)}, which the architecture needs; convert the model again.");
        }
        else if (weight.Rows != wanted.Rows || weight.Columns != wanted.Columns || weight.Count != wanted.Count)
        {
            problems.Add(
                $"{source}: {Printable.Quote(wanted.Name)} is {Shape(weight.Rows, weight.Columns, weight.Count)}; the metadata call for "
                    + $"{Shape(wanted.Rows, wanted.Columns, wanted.Count)}, convert the model again."
            );
        }
    }

    private static string Shape(int rows, int columns, int count) =>
        count != 1 ? $"{count} × {rows} × {columns}"
        : rows != 1 ? $"{rows} × {columns}"
        : $"a vector of {columns}";
}
