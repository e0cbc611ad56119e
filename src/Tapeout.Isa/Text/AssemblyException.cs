namespace Tapeout.Isa;

/// <summary>What is wrong in a line of assembly, and where.</summary>
/// <param name="column">The column of the word at fault, from 1.</param>
/// <param name="message">The problem without a full stop, and what to do.</param>
internal sealed class AssemblyException(int column, string message) : Exception(message)
{
    /// <summary>The column of the word at fault, from 1.</summary>
    public int Column { get; } = column;
}
