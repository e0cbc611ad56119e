using Tapeout.Machine.Reference;

namespace Tapeout.Machine.Fast;

/// <summary>The kernels that stand in for methods of the reference machine.</summary>
internal sealed class FastKernels(int threads) : IKernels, IDisposable
{
    private readonly WorkerTeam _team = new(threads);

    public bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point) => false;

    public void Dispose() => _team.Dispose();
}
