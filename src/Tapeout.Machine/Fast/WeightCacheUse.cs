namespace Tapeout.Machine.Fast;

/// <summary>What a cache of packed weights did for a machine.</summary>
public enum WeightCacheUse
{
    /// <summary>There is none, or it could not be used: the weights were packed from the model.</summary>
    None,

    /// <summary>The weights came from it.</summary>
    Hit,

    /// <summary>The weights were packed from the model and written to it.</summary>
    Written,
}
