namespace Tapeout.Isa;

/// <summary>Whether a destination is started or continued. The values reach disk: the list only grows.</summary>
public enum AccumulateMode : byte
{
    /// <summary>Start from +0 (or 0).</summary>
    Overwrite = 0,

    /// <summary>Go on from what the destination holds.</summary>
    Continue = 1,

    /// <summary>Start when all loop indices of the given levels are 0, otherwise go on.</summary>
    ContinueAfterFirst = 2,
}
