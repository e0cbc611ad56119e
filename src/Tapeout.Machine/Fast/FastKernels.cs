using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Fast;

/// <summary>The kernels that stand in for methods of the reference machine.</summary>
internal sealed class FastKernels : IKernels, IDisposable
{
    private readonly IConstantSource _constants;
    private readonly WorkerTeam _team;
    private readonly ProductKernel _products;
    private readonly Dictionary<(int Buffer, int Stack0, int Stack1, int Rank, Role Role), WeightPanels> _panels = [];

    public FastKernels(IConstantSource constants, int threads)
    {
        _constants = constants;
        _team = new(threads);
        _products = new(_team);
    }

    public bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point) =>
        point.Instance.Instruction is MatMul product && TryMultiply(machine, memory, point, product);

    public void Dispose()
    {
        _team.Dispose();
        _products.Dispose();
        foreach (WeightPanels panels in _panels.Values)
            panels.Dispose();
    }

    private bool TryMultiply(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, MatMul instruction)
    {
        Descriptor described = point.Role.Descriptors[instruction.W];
        TapeBuffer buffer = point.Role.Buffers[described.Buffer];
        if (buffer.Kind != BufferKind.Constant || point.Role.Tiles != 1)
            return false;
        MatrixView x = memory.View(point, instruction.X); // [T, K]
        MatrixView y = memory.View(point, instruction.Y); // f32 or i32 [T, N]
        ProductRule rule = ProductRule.For(buffer.Format, x.Format, instruction.PlanLength);
        if (!ProductKernel.Handles(instruction, rule))
            return false;
        if (x.IsEmpty || y.IsEmpty)
            return true;
        ResolveContext context = point.Context;
        AxisRange rows = described.Rows.Resolve(context);
        AxisRange columns = described.Columns.Resolve(context);
        if (rows.Count == 0 || columns.Count == 0)
            return true;
        if (x.Columns != columns || rows.Count != y.Columns.Count || x.Rows.Count != y.Rows.Count)
            return false;
        int stack0 = described.Stack0.Evaluate(point.Instance.Loops);
        int stack1 = described.Stack1.Evaluate(point.Instance.Loops);
        var key = (described.Buffer, stack0, stack1, point.Rank, point.Role);
        if (!_panels.TryGetValue(key, out WeightPanels? panels))
        {
            PackedTensor tensor = _constants.Tensor(buffer.TensorOf(stack0), stack1);
            _panels[key] = panels = WeightPanels.Pack(rule, tensor, rows, columns);
        }
        _products.Execute(instruction, panels, x, y);
        if (instruction.Result != MatMulResult.Integer)
            Semantics.RequireFinite(machine.Tape, point, y);
        return true;
    }
}
