using Tapeout.Numerics;

namespace Tapeout.Compiler;

/// <summary>A quantisation by name: formats of weights, activations and KV cache.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="Weight">The weights' format; null for the file's own.</param>
/// <param name="Activation">The activations' format where weights are integers; float weights take float32.</param>
/// <param name="Kv">The KV cache's format.</param>
public sealed record QuantisationRecipe(string Name, NumberFormat? Weight, NumberFormat Activation, NumberFormat Kv)
{
    /// <summary>The format of the activations that meet weights of a format.</summary>
    public NumberFormat ActivationFor(NumberFormat weight) => weight.IsFloat ? NumberFormat.F32 : Activation;
}
