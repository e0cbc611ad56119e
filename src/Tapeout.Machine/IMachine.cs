using Tapeout.Isa;

namespace Tapeout.Machine;

/// <summary>What executes a tape. All machines give the same bits.</summary>
public interface IMachine : IDisposable
{
    /// <summary>The program.</summary>
    Tape Tape { get; }

    /// <summary>What the last step handed to the host.</summary>
    StepOutput Output { get; }

    /// <summary>Threads that execute; no bit depends on it.</summary>
    int Threads { get; }

    /// <summary>Executes the tape once for a step; the KV cache keeps what it writes. ROUTE writes the step's expert counts.</summary>
    /// <exception cref="Tapeout.Quantities.InvalidInputException">The step does not fit the envelope, or an activation became NaN or infinite.</exception>
    /// <exception cref="TapeFaultException">The tape is wrong: a region outside its buffer, a receive without a send.</exception>
    void Execute(Step step);
}
