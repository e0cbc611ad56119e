namespace Tapeout.Isa;

/// <summary>What a size may depend on: entries of the step's tables. The values reach disk: the list only grows.</summary>
public enum Symbol : byte
{
    /// <summary>Nothing: the value is a constant.</summary>
    None = 0,

    /// <summary>Tokens processed in the step.</summary>
    Tokens = 1,

    /// <summary>Sequences of the step.</summary>
    Sequences = 2,

    /// <summary>Rows of logits asked for in the step.</summary>
    LogitRows = 3,
}
