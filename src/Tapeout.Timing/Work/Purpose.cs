namespace Tapeout.Timing;

/// <summary>What bytes are.</summary>
public enum Purpose
{
    /// <summary>Tensors of the model.</summary>
    Weights,

    /// <summary>The KV cache.</summary>
    Kv,

    /// <summary>Values of one step.</summary>
    Activations,
}
