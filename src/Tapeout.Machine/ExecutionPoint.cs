using Tapeout.Isa;

namespace Tapeout.Machine;

/// <summary>One instruction at one tile of one rank, in one step.</summary>
/// <param name="Role">The role that executes.</param>
/// <param name="Rank">The rank in the role's group.</param>
/// <param name="Tile">The tile inside the instruction's tile group.</param>
/// <param name="Instance">The instruction with its loop indices.</param>
/// <param name="Step">The step.</param>
/// <param name="Layer">The layer of the model; −1 outside of layers.</param>
public readonly record struct ExecutionPoint(Role Role, int Rank, int Tile, InstructionInstance Instance, Step Step, int Layer)
{
    /// <summary>What the instruction's ranges are evaluated over.</summary>
    public ResolveContext Context => new(Step, Rank, Tile, Instance.Loops, Layer);
}
