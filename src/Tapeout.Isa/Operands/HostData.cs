namespace Tapeout.Isa;

/// <summary>What crosses the host link. The values reach disk: the list only grows.</summary>
public enum HostData : byte
{
    /// <summary>Identifiers of the step's tokens (in), sampled identifiers (out).</summary>
    TokenIds = 0,

    /// <summary>Rows of logits (out).</summary>
    Logits = 1,
}
