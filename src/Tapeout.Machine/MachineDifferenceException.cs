namespace Tapeout.Machine;

/// <summary>Two machines gave different bits for the same tape and step: an error of this program.</summary>
/// <param name="place">Where the first difference is: instruction, operator, layer, index.</param>
/// <param name="fast">What the fast machine has there.</param>
/// <param name="reference">What the reference machine has there.</param>
public sealed class MachineDifferenceException(string place, string fast, string reference)
    : Exception($"The machines differ at {place}: fast {fast}, reference {reference}.")
{
    /// <summary>Where the first difference is.</summary>
    public string Place { get; } = place;

    /// <summary>What the fast machine has there.</summary>
    public string Fast { get; } = fast;

    /// <summary>What the reference machine has there.</summary>
    public string Reference { get; } = reference;
}
