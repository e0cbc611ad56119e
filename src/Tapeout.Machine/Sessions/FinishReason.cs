namespace Tapeout.Machine.Sessions;

/// <summary>Why a request ended.</summary>
public enum FinishReason
{
    /// <summary>It has not.</summary>
    None = 0,

    /// <summary>A stop token was made.</summary>
    Stop = 1,

    /// <summary>The requested number of tokens was made.</summary>
    Length = 2,

    /// <summary>The sequence reached the longest context of the tape.</summary>
    Context = 3,
}
