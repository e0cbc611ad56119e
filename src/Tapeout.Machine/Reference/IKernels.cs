namespace Tapeout.Machine.Reference;

/// <summary>Faster ways to execute single instructions, with the same bits.</summary>
internal interface IKernels
{
    /// <summary>Executes the instruction at one tile; false to leave it to <see cref="Semantics"/>.</summary>
    bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point);
}
