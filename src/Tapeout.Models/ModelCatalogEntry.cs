using Tapeout.Models.Architectures;
using Tapeout.Models.Graphs;
using Tapeout.Quantities;

namespace Tapeout.Models;

/// <summary>A transformer's shape in the catalog.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Configuration">Its shape.</param>
/// <param name="Missing">What the compiler lacks for it; empty if it can be compiled.</param>
/// <param name="Source">Where the shape is from.</param>
public sealed record ModelCatalogEntry(string Name, ModelConfiguration Configuration, string Missing, string Source)
{
    /// <summary>The shape as a model without weights, with tensor names as in GGUF.</summary>
    /// <exception cref="InvalidInputException">The compiler lacks a feature that the model needs.</exception>
    public Model Open()
    {
        if (Missing.Length > 0)
            throw new InvalidInputException(
                $"'{Name}' cannot be compiled yet: it needs {Missing}. Choose another model (tapeout models list)."
            );
        ModelGraph graph = ArchitectureList.ByName(Configuration.Architecture).BuildGraph(Configuration);
        Dictionary<string, WeightTensor> weights = graph
            .Weights()
            .ToDictionary(w => w.Name, w => new WeightTensor(w.Name, w.Rows, w.Columns, w.Count));
        return new(Name, Name, Configuration, weights);
    }
}
