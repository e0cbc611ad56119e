using Tapeout.Models.Graphs;
using Tapeout.Quantities;

namespace Tapeout.Compiler;

/// <summary>The tensors that a quantisation leaves out: those of an operator, in every layer, since the layers of a tape are one loop.</summary>
internal sealed class KeptTensors
{
    private readonly HashSet<string> names = [];

    /// <param name="model">The model's name, for refusals.</param>
    /// <param name="graph">The model.</param>
    /// <param name="keep">"embedding", "head", or operators' names.</param>
    /// <exception cref="InvalidInputException">Entries fit no tensor; all of them are named.</exception>
    public KeptTensors(string model, ModelGraph graph, IReadOnlyList<string> keep)
    {
        List<string> problems = [];
        foreach (string entry in keep)
        {
            WeightReference[] found =
            [
                .. graph.Nodes.Where(node => node is not NormNode && NameOf(node) == entry).SelectMany(node => node.Weights),
            ];
            names.UnionWith(found.Select(weight => weight.Name));
            if (found.Length == 0)
            {
                string[] known = [.. graph.Nodes.Where(n => n is not NormNode && n.Weights.Count > 0).Select(NameOf).Distinct()];
                problems.Add(
                    $"'{entry}' in --keep is no operator of {model} with weights to quantise{Sentence.DidYouMean(entry, known)}: use {Sentence.Alternatives(known)}."
                );
            }
        }
        if (problems.Count > 0)
            throw new InvalidInputException(problems);
    }

    /// <summary>True for a tensor that is left as it is.</summary>
    public bool Contains(string tensor) => names.Contains(tensor);

    private static string NameOf(GraphNode node) =>
        node switch
        {
            EmbedNode => CompilationOptions.Embedding,
            OutputNode => CompilationOptions.Head,
            _ => node.Name,
        };
}
