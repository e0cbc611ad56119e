using Tapeout.Isa;

namespace Tapeout.Machine;

/// <summary>
/// A tape asked the machine for something impossible: a region outside the part its tile holds, an address outside its memory, shapes
/// that do not fit, a receive that no send serves. A verified tape does not do this; the fault is the compiler's, not the user's.
/// </summary>
/// <param name="message">What was asked for.</param>
/// <param name="instruction">The instruction; null where no single one is at fault.</param>
/// <param name="buffer">The name of the buffer; empty where none is at fault.</param>
/// <param name="inner">What went wrong below.</param>
public sealed class TapeFaultException(string message, Instruction? instruction = null, string buffer = "", Exception? inner = null)
    : InvalidOperationException(message, inner)
{
    /// <summary>The instruction; null where no single one is at fault.</summary>
    public Instruction? Instruction { get; } = instruction;

    /// <summary>The name of the buffer; empty where none is at fault.</summary>
    public string Buffer { get; } = buffer;
}
