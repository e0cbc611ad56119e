namespace Tapeout.Chips;

/// <summary>What stays put in a matrix array.</summary>
public enum Dataflow
{
    /// <summary>Weights are installed in the array and activations stream through.</summary>
    WeightStationary,

    /// <summary>Sums stay in the array; weights and activations both stream.</summary>
    OutputStationary,
}
