using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <summary>The kernels that stand in for methods of the reference machine.</summary>
internal sealed class FastKernels : IKernels, IDisposable
{
    private readonly IConstantSource _constants;
    private readonly WorkerTeam _team;
    private readonly ProductKernel _products;
    private readonly AttentionKernel _attention;
    private readonly RowKernels _rows;
    private readonly KernelMemory _memory = new();
    private readonly Dictionary<PackedKey, InterleavedWeights> _weights = [];

    public FastKernels(IConstantSource constants, int threads)
    {
        _constants = constants;
        _team = new(threads);
        _products = new(_team);
        _attention = new(_team);
        _rows = new(_team);
    }

    public bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point) =>
        point.Instance.Instruction switch
        {
            MatMul product => TryMultiply(machine, memory, point, product),
            Attend attend => _attention.TryExecute(machine, memory, point, attend),
            _ => _rows.TryExecute(machine, memory, point),
        };

    public void Dispose()
    {
        _team.Dispose();
        _products.Dispose();
        _attention.Dispose();
        _memory.Dispose();
    }

    private bool TryMultiply(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, MatMul instruction)
    {
        Descriptor described = point.Role.Descriptors[instruction.W];
        TapeBuffer buffer = point.Role.Buffers[described.Buffer];
        if (buffer.Kind != BufferKind.Constant || point.Role.Tiles != 1 || !ProductKernel.Handles(instruction))
            return false;
        MatrixView x = memory.View(point, instruction.X); // [T, K]
        MatrixView y = memory.View(point, instruction.Y); // f32 [T, N]
        if (x.IsEmpty || y.IsEmpty)
            return true;
        ResolveContext context = point.Context;
        AxisRange rows = described.Rows.Resolve(context);
        AxisRange columns = described.Columns.Resolve(context);
        if (rows.Count == 0 || columns.Count == 0)
            return true;
        if (x.Columns != columns || columns != new AxisRange(0, instruction.PlanLength))
            return false;
        if (rows.Count != y.Columns.Count || x.Rows.Count != y.Rows.Count)
            return false;
        int stack0 = described.Stack0.Evaluate(point.Instance.Loops);
        int stack1 = described.Stack1.Evaluate(point.Instance.Loops);
        PackedKey key = new(buffer.TensorOf(stack0), stack1, rows, x.Format);
        if (!_weights.TryGetValue(key, out InterleavedWeights? weights))
        {
            PackedTensor tensor = _constants.Tensor(key.Tensor, stack1);
            PackedMatrix whole = new(tensor.Format, tensor.Rows, tensor.Columns, tensor.Bytes.Span);
            ProductRule rule = ProductRule.For(buffer.Format, x.Format, instruction.PlanLength);
            _weights[key] = weights = new(rule, whole, rows.Start, rows.Count, _memory);
        }
        _products.Execute(weights, x, y);
        Semantics.RequireFinite(machine.Tape, point, y);
        return true;
    }

    /// <summary>Weights that have been repacked: of the same tensor, ranks may have different rows.</summary>
    private readonly record struct PackedKey(string Tensor, int Index, AxisRange Rows, NumberFormat Activation);
}
