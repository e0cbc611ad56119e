using Tapeout.Isa;

namespace Tapeout.Machine.Reference;

/// <summary>Faster ways to execute single instructions, with the same bits.</summary>
internal interface IKernels
{
    /// <summary>Packs the constants of a role that kernels read, and fills the buffers that are read otherwise. What is left out here is done when it is needed.</summary>
    /// <exception cref="TapeFaultException">A tensor does not have the format or shape of its buffer.</exception>
    void Prepare(Tape tape, RoleMemory memory);

    /// <summary>Executes the instruction at one tile; false to leave it to <see cref="Semantics"/>.</summary>
    bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point);
}
