namespace Tapeout.Isa;

/// <summary>Which rows GATHER takes. The values reach disk: the list only grows.</summary>
public enum RowSource : byte
{
    /// <summary>Row = the token's identifier, from the buffer that HOSTIN fills.</summary>
    TokenIds = 0,

    /// <summary>Row = the token index, from the step's list of logits rows.</summary>
    LogitRows = 1,
}
