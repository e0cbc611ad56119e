using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <summary>The kernels that stand in for methods of the reference machine.</summary>
internal sealed class FastKernels : IKernels, IDisposable
{
    private readonly IConstantSource _constants;
    private readonly WeightCache? _cache;
    private readonly WorkerTeam _team;
    private readonly ProductKernel _products;
    private readonly AttentionKernel _attention;
    private readonly RowKernels _rows;
    private readonly KernelMemory _memory = new();
    private readonly Dictionary<PackedKey, InterleavedWeights> _weights = [];

    // Tables that are the weights of products too, by the instruction that reads them.
    private readonly Dictionary<Gather, TiedPart[]> _tied = new(ReferenceEqualityComparer.Instance);

    // Activations over all of K, where a product has a part of them.
    private nint _wide;
    private long _wideBytes;

    // The same by what is known without looking up a tensor's name.
    private readonly Dictionary<CallKey, Call> _calls = [];

    /// <summary>Kernels over the tensors of a model.</summary>
    /// <param name="constants">The tensors.</param>
    /// <param name="threads">Threads that execute.</param>
    /// <param name="cache">Where packed weights are kept between runs; null for nowhere.</param>
    public FastKernels(IConstantSource constants, int threads, WeightCache? cache = null)
    {
        _cache = cache;
        _constants = constants;
        _team = new(threads);
        _products = new(_team);
        _attention = new(_team);
        _rows = new(_team);
    }

    /// <summary>Binds the calling thread to its processor beside the workers', until what is returned is disposed.</summary>
    public WorkerTeam.Binding Bind() => _team.Bind();

    public bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point)
    {
        if (point.Instance.Instruction is MatMul product && TryMultiply(machine, memory, point, product))
            return true;
        // Whatever else is executed may write what products read.
        _products.Forget();
        return point.Instance.Instruction switch
        {
            Gather gather when _tied.TryGetValue(gather, out TiedPart[]? table) => _rows.TryGather(memory, point, gather, table),
            Attend attend => _attention.TryExecute(machine, memory, point, attend),
            // Control is resolved by the sequencer, or about time only.
            Isa.Barrier or Launch or Halt => true,
            _ => _rows.TryExecute(machine, memory, point),
        };
    }

    public unsafe void Dispose()
    {
        NativeMemory.Free((void*)_wide);
        _wide = 0;
        _team.Dispose();
        _products.Dispose();
        _attention.Dispose();
        _memory.Dispose();
    }

    public void Prepare(Tape tape, RoleMemory memory)
    {
        Role role = memory.Role;
        Step none = new() { Sequences = [], Tokens = [] };
        HashSet<int> others = [];
        HashSet<PackedKey> products = [];
        List<InstructionInstance> gathers = [];
        foreach (InstructionInstance instance in Sequencer.Unroll(role, tape.Envelope.Bounds))
        {
            if (instance.Instruction is Gather table && role.Buffers[role.Descriptors[table.Table].Buffer].Kind == BufferKind.Constant)
            {
                gathers.Add(instance);
                continue;
            }
            if (instance.Instruction is not MatMul product || !Handles(role, product))
            {
                others.UnionWith(instance.Instruction.Reads.Select(d => role.Descriptors[d].Buffer));
                continue;
            }
            for (int rank = 0; rank < role.Ranks; rank++)
            {
                if (KeyOf(new(role, rank, 0, instance, none, -1), product) is { } key)
                    products.Add(key);
            }
        }
        Dictionary<Gather, PackedKey[]> tied = new(ReferenceEqualityComparer.Instance);
        foreach (InstructionInstance instance in gathers)
        {
            Gather gather = (Gather)instance.Instruction;
            if (TiedTo(role, gather, none, products) is { } parts)
                tied[gather] = parts;
            else
                others.Add(role.Descriptors[gather.Table].Buffer);
        }
        others.RemoveWhere(number => role.Buffers[number].Kind != BufferKind.Constant);
        Load(memory, [.. products], [.. others]);
        foreach ((Gather gather, PackedKey[] parts) in tied)
            _tied[gather] = [.. parts.Select(key => new TiedPart(key.Rows, _weights[key]))];
    }

    /// <summary>The products whose weights hold every row that is gathered, so that the table need not be held beside them; null if there are none.</summary>
    private static PackedKey[]? TiedTo(Role role, Gather instruction, Step none, HashSet<PackedKey> products)
    {
        Descriptor described = role.Descriptors[instruction.Table];
        TapeBuffer buffer = role.Buffers[described.Buffer];
        if (described.Stack0.Step != 0 || described.Stack1.Step != 0 || role.Tiles != 1)
            return null;
        string tensor = buffer.TensorOf(described.Stack0.Evaluate(default));
        int index = described.Stack1.Evaluate(default);
        List<PackedKey> parts = [];
        for (int rank = 0; rank < role.Ranks; rank++)
        {
            ResolveContext context = new(none, rank, 0, default, -1);
            AxisRange rows = described.Rows.Resolve(context);
            AxisRange columns = described.Columns.Resolve(context);
            int next = rows.Start;
            while (next < rows.End)
            {
                PackedKey? found = products.FirstOrDefault(key =>
                    key.Tensor == tensor
                    && key.Index == index
                    && key.Weight == buffer.Format
                    && columns == new AxisRange(0, key.Columns)
                    && key.Rows.Start <= next
                    && key.Rows.End > next
                );
                if (found is not { Tensor: not null } part)
                    return null;
                if (!parts.Contains(part))
                    parts.Add(part);
                next = part.Rows.End;
            }
        }
        return parts.Count > 0 ? [.. parts] : null;
    }

    /// <summary>Reads from the cache what is there, packs the rest, all of it on all threads.</summary>
    private void Load(RoleMemory memory, PackedKey[] products, int[] buffers)
    {
        TensorKey[] tensors = [.. buffers.SelectMany(number => TensorsOf(memory.Role.Buffers[number])).Distinct()];
        string[] names = [.. products.Select(p => p.Name), .. tensors.Select(t => t.Name)];
        using WeightCacheFile? file = _cache?.Open(names);
        CachedConstants? cached = file is null ? null : new(file, _constants, tensors);
        InterleavedWeights[] packed = new InterleavedWeights[products.Length];
        string? damaged = null;
        _team.Run(
            buffers.Length + products.Length,
            item =>
            {
                if (item < buffers.Length)
                {
                    memory.Fill(buffers[item], cached ?? _constants);
                    return;
                }
                PackedKey key = products[item - buffers.Length];
                InterleavedWeights? weights = file?.Weights(key.Name, key.Rule, key.Rows.Count, _memory);
                if (weights is null && file is not null)
                    damaged = key.Name;
                packed[item - buffers.Length] = weights ?? Pack(key);
            }
        );
        for (int i = 0; i < products.Length; i++)
            _weights.TryAdd(products[i], packed[i]);
        damaged ??= cached?.Damaged;
        if (damaged is not null)
            _cache!.Refuse(damaged);
        if (file is null || damaged is not null)
            _cache?.Write(names, packed, i => _constants.Tensor(tensors[i].Tensor, tensors[i].Index));
    }

    private static IEnumerable<TensorKey> TensorsOf(TapeBuffer buffer) =>
        from stack0 in Enumerable.Range(0, buffer.Stack0)
        from stack1 in Enumerable.Range(0, buffer.Stack1)
        select new TensorKey(buffer.TensorOf(stack0), stack1, buffer.Format);

    private bool TryMultiply(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, MatMul instruction)
    {
        if (!Handles(point.Role, instruction))
            return false;
        MatrixView x = memory.View(point, instruction.X); // [T, K]
        MatrixView y = memory.View(point, instruction.Y); // f32 [T, N]
        if (x.IsEmpty || y.IsEmpty)
            return true;
        Descriptor described = point.Role.Descriptors[instruction.W];
        AxisRange rows = described.Rows.Resolve(point.Context);
        AxisRange columns = described.Columns.Resolve(point.Context);
        if (rows.Count == 0 || columns.Count == 0)
            return true;
        if (x.Columns != columns || rows.Count != y.Columns.Count || x.Rows.Count != y.Rows.Count)
            return false;
        MatrixView whole = x;
        int leafFirst = 0;
        int leafCount = 0;
        if (instruction.Result == MatMulResult.Node)
        {
            if (!TryNode(point, instruction, columns, out leafFirst, out leafCount))
                return false;
            whole = Widen(x, instruction.PlanLength);
        }
        CallKey call = new(
            instruction,
            described.Stack0.Evaluate(point.Instance.Loops),
            described.Stack1.Evaluate(point.Instance.Loops),
            rows
        );
        if (!_calls.TryGetValue(call, out Call? product))
        {
            if (KeyOf(point, instruction) is not { } key)
                return false;
            if (!_weights.TryGetValue(key, out InterleavedWeights? weights))
                _weights[key] = weights = Pack(key);
            // A node's terms lie apart in its rows.
            _calls[call] = product = new(weights, leafCount == 0 ? _products.PartOf(weights) : null);
        }
        if (!_products.Execute(product.Weights, whole, y, leafFirst, leafCount, product.Part))
            Semantics.RequireFinite(machine.Tape, point, y);
        return true;
    }

    /// <summary>True for products with constants, over all of K, into finished sums.</summary>
    private static bool Handles(Role role, MatMul instruction) =>
        role.Buffers[role.Descriptors[instruction.W].Buffer].Kind == BufferKind.Constant
        && role.Tiles == 1
        && ProductKernel.Handles(instruction);

    /// <summary>The leaves that a range of K covers; false if it is no node of the plan.</summary>
    private static bool TryNode(in ExecutionPoint point, MatMul instruction, AxisRange k, out int first, out int count)
    {
        NumberFormat weight = point.Role.Buffers[point.Role.Descriptors[instruction.W].Buffer].Format;
        NumberFormat activation = point.Role.Buffers[point.Role.Descriptors[instruction.X].Buffer].Format;
        first = count = 0;
        if (!ProductRule.TryFor(weight, activation, instruction.PlanLength, out ProductRule rule) || rule.Kind == ProductKind.IntegerWhole)
            return false;
        ReductionPlan plan = rule.Plan;
        int perLeaf = plan.BlocksPerLeaf * plan.Block;
        first = k.Start / perLeaf;
        count = (k.Count + perLeaf - 1) / perLeaf;
        return instruction.PlanBlock == plan.Block
            && int.IsPow2(count)
            && first % count == 0
            && first + count <= plan.Leaves
            && plan.LeafStart(first) == k.Start
            && plan.LeafStart(first + count) == k.End;
    }

    /// <summary>The activations of a part of K at their places in a matrix over all of K: weights are packed whole, for all ranks that have parts of them.</summary>
    private unsafe MatrixView Widen(in MatrixView x, int length)
    {
        TensorLayout layout = new(x.Format, x.Rows.Count, length);
        if (layout.Bytes > _wideBytes)
        {
            NativeMemory.Free((void*)_wide);
            _wideBytes = layout.Bytes + layout.Bytes / 4;
            _wide = (nint)NativeMemory.AllocZeroed((nuint)_wideBytes);
        }
        MatrixView whole = MatrixView.Over(layout, (byte*)_wide);
        MatrixView part = whole.At(whole.Rows, x.Columns);
        for (int i = 0; i < x.Rows.Count; i++)
            RowCopy.Copy(x, x.Rows.Start + i, part, i);
        // The next one of other values lies at the same place.
        _products.Forget();
        return whole;
    }

    /// <summary>
    /// The weights of a product, of an expert whether it has tokens or not, over all of K also where a node of the plan is asked for; null for other parts.
    /// </summary>
    private static PackedKey? KeyOf(in ExecutionPoint point, MatMul instruction)
    {
        Descriptor described = point.Role.Descriptors[instruction.W];
        TapeBuffer buffer = point.Role.Buffers[described.Buffer];
        Axis whole = described.Rows.Kind == AxisKind.ActiveExpert ? described.Rows with { Kind = AxisKind.Plain } : described.Rows;
        AxisRange rows = whole.Resolve(point.Context);
        bool isNode = instruction.Result == MatMulResult.Node;
        if (rows.Count == 0 || (!isNode && described.Columns.Resolve(point.Context) != new AxisRange(0, instruction.PlanLength)))
            return null;
        string tensor = buffer.TensorOf(described.Stack0.Evaluate(point.Instance.Loops));
        NumberFormat activation = point.Role.Buffers[point.Role.Descriptors[instruction.X].Buffer].Format;
        return new(tensor, described.Stack1.Evaluate(point.Instance.Loops), rows, instruction.PlanLength, buffer.Format, activation);
    }

    private InterleavedWeights Pack(in PackedKey key)
    {
        PackedTensor tensor = _constants.Tensor(key.Tensor, key.Index);
        if (tensor.Format != key.Weight || key.Rows.End > tensor.Rows || key.Columns != tensor.Columns)
        {
            throw new TapeFaultException(
                $"A product reads rows up to {key.Rows.End} of {key.Columns} columns of {key.Weight}, but tensor '{key.Tensor}' is {tensor.Rows} × {tensor.Columns} of {tensor.Format}."
            );
        }
        PackedMatrix whole = new(tensor.Format, tensor.Rows, tensor.Columns, tensor.Bytes.Span);
        return new(key.Rule, whole, key.Rows.Start, key.Rows.Count, _memory);
    }

    /// <summary>Weights that have been repacked: of the same tensor, ranks may have different rows.</summary>
    private readonly record struct PackedKey(
        string Tensor,
        int Index,
        AxisRange Rows,
        int Columns,
        NumberFormat Weight,
        NumberFormat Activation
    )
    {
        public string Name => $"{Tensor}[{Index}] rows {Rows.Start} to {Rows.End} of {Weight} for {Activation}";

        public ProductRule Rule => ProductRule.For(Weight, Activation, Columns);
    }

    /// <summary>A product of a tape: which instruction, over which of its buffer's tensors and rows.</summary>
    private readonly struct CallKey(MatMul instruction, int stack0, int stack1, AxisRange rows) : IEquatable<CallKey>
    {
        private readonly MatMul _instruction = instruction;
        private readonly (int, int, AxisRange) _place = (stack0, stack1, rows);

        public bool Equals(CallKey other) => ReferenceEquals(_instruction, other._instruction) && _place == other._place;

        public override bool Equals(object? obj) => obj is CallKey other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(_instruction), _place);
    }

    /// <summary>The weights of a product, and what is read first of them; null if that lies in many places.</summary>
    private sealed record Call(InterleavedWeights Weights, ReadAhead? Part);

    /// <summary>A tensor that is read by more than products.</summary>
    private readonly record struct TensorKey(string Tensor, int Index, NumberFormat Format)
    {
        public string Name => $"{Tensor}[{Index}] of {Format}";
    }

    /// <summary>The tensors of a model, those that a file holds from there.</summary>
    private sealed class CachedConstants(WeightCacheFile file, IConstantSource model, IEnumerable<TensorKey> held) : IConstantSource
    {
        private readonly Dictionary<(string, int), TensorKey> _held = held.ToDictionary(key => (key.Tensor, key.Index));

        /// <summary>An entry that could not be used; null for none.</summary>
        public string? Damaged { get; private set; }

        public PackedTensor Tensor(string name, int index)
        {
            if (_held.TryGetValue((name, index), out TensorKey key))
            {
                if (file.Tensor(key.Name, key.Format) is { } tensor)
                    return tensor;
                Damaged = key.Name;
            }
            return model.Tensor(name, index);
        }
    }
}
