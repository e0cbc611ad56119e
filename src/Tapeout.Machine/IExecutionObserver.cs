namespace Tapeout.Machine;

/// <summary>
/// Sees every instruction before and after each tile executes it; regions are read with <see cref="Reference.ReferenceMachine.ReadRegion"/>. An instruction
/// that several members execute together acts once, when its first member does.
/// </summary>
public interface IExecutionObserver
{
    /// <summary>The tile is about to execute the instruction: operands hold what it will read.</summary>
    void Executing(in ExecutionPoint point);

    /// <summary>The tile has executed the instruction: results are in place.</summary>
    void Executed(in ExecutionPoint point);
}
