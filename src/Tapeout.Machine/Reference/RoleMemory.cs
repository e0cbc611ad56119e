using System.Runtime.CompilerServices;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine.Reference;

/// <summary>The memories of all ranks of a role: DRAM and ROM of each chip, SRAM and multiplier array of each tile.</summary>
internal sealed unsafe class RoleMemory : IDisposable
{
    private readonly StepSizes _bounds;

    // Of each buffer: the layout of a matrix, and the bytes from one to the next.
    private readonly (TensorLayout Layout, long Bytes)[] _matrices;
    private readonly MemorySpace[][] _spaces;
    private readonly IConstantSource _constants;
    private readonly bool[] _isFilled;
    private readonly Lock _filling = new();

    // Operands that are known in the step that is being executed.
    private ViewTable? _views;
    private Step? _step;

    /// <summary>Memories without constants yet: a buffer is filled when it is first read, or by <see cref="FillAll"/>.</summary>
    public RoleMemory(Role role, Envelope envelope, IConstantSource constants)
    {
        Role = role;
        _constants = constants;
        _isFilled = [.. role.Buffers.Select(buffer => buffer.Kind != BufferKind.Constant)];
        _bounds = envelope.Bounds;
        _matrices = [.. role.Buffers.Select(buffer => (buffer.Layout(envelope.Bounds), buffer.MatrixBytes(envelope.Bounds)))];
        long[] lengths = new long[4];
        foreach (TapeBuffer buffer in role.Buffers)
            lengths[(int)buffer.Space] = Math.Max(lengths[(int)buffer.Space], checked(buffer.Address + buffer.Bytes(_bounds)));
        _spaces = new MemorySpace[4][];
        for (int space = 0; space < 4; space++)
        {
            int count = role.Ranks * (IsPerTile((Space)space) ? role.Tiles : 1);
            _spaces[space] = new MemorySpace[lengths[space] == 0 ? 0 : count];
            for (int i = 0; i < _spaces[space].Length; i++)
                _spaces[space][i] = new(lengths[space]);
        }
    }

    public Role Role { get; }

    /// <summary>True for spaces that every tile has its own of.</summary>
    public static bool IsPerTile(Space space) => space is Space.Sram or Space.Array;

    /// <summary>A step begins whose operands are looked up in a table, and written into it; null for none.</summary>
    public void Begin(Step step, ViewTable? views)
    {
        _step = step;
        _views = views;
    }

    /// <summary>The region of a descriptor at one rank and tile, checked against the part that is held and against the memory.</summary>
    /// <param name="point">Who executes what.</param>
    /// <param name="descriptor">The number of the descriptor.</param>
    /// <param name="inner">Added to the index of the inner stack: page, leaf, node.</param>
    /// <exception cref="TapeFaultException">The region is not there.</exception>
    public MatrixView View(in ExecutionPoint point, int descriptor, int inner = 0)
    {
        // Others than the step's own points are asked about in between.
        if (_views is null || inner != 0 || point.Tile != 0 || (uint)point.Rank >= (uint)Role.Ranks || !ReferenceEquals(point.Step, _step))
            return Find(point, descriptor, inner);
        ref ViewTable.Entry entry = ref _views.Find(point, descriptor);
        if (Unsafe.IsNullRef(ref entry))
            return Find(point, descriptor, inner);
        if (!entry.IsFound)
        {
            entry.View = Find(point, descriptor, inner);
            entry.IsFound = true;
        }
        return entry.View;
    }

    private MatrixView Find(in ExecutionPoint point, int descriptor, int inner)
    {
        ref readonly Descriptor described = ref Role.Descriptors.ItemRef(descriptor);
        TapeBuffer buffer = Role.Buffers[described.Buffer];
        (TensorLayout layout, long matrixBytes) = _matrices[described.Buffer];
        Region region;
        try
        {
            region = Region.Resolve(buffer, layout, matrixBytes, described, point.Context);
        }
        catch (InvalidOperationException exception)
        {
            throw new TapeFaultException($"{Where(point)}: {exception.Message}", point.Instance.Instruction, buffer.Name, exception);
        }
        if (!Volatile.Read(ref _isFilled[described.Buffer]))
            Fill(described.Buffer, _constants);
        if (region.IsEmpty)
            return new(region.Layout, null, region.HeldRows.Start, region.HeldColumns.Start, region.Rows, region.Columns);
        if (!region.IsInside || region.HeldRows.Count > region.Layout.Rows || region.HeldColumns.Count > region.Layout.Columns)
        {
            throw Fault(
                point,
                buffer,
                $"rows {region.Rows.Start} to {region.Rows.End} and columns {region.Columns.Start} to {region.Columns.End} are not in the part that is held: rows {region.HeldRows.Start} to {region.HeldRows.End}, columns {region.HeldColumns.Start} to {region.HeldColumns.End}"
            );
        }
        int stack1 = described.Stack1.Evaluate(point.Instance.Loops) + inner;
        if ((uint)stack1 >= (uint)buffer.Stack1)
            throw Fault(point, buffer, $"the inner stack has {buffer.Stack1} matrices, number {stack1} is asked for");
        long address = region.Address + inner * region.MatrixBytes;
        MemorySpace memory = Memory(point, buffer);
        if (address < 0 || address + region.Layout.Bytes > memory.Length)
            throw Fault(point, buffer, $"bytes {address} to {address + region.Layout.Bytes} are not in a memory of {memory.Length}");
        return new(region.Layout, memory.Bytes + address, region.HeldRows.Start, region.HeldColumns.Start, region.Rows, region.Columns);
    }

    /// <summary>The matrices of the inner stack from a descriptor's on, such as the pages of a cache, and the bytes from one to the next.</summary>
    public int Pages(in ExecutionPoint point, int descriptor, out long stride)
    {
        ref readonly Descriptor described = ref Role.Descriptors.ItemRef(descriptor);
        TapeBuffer buffer = Role.Buffers[described.Buffer];
        stride = _matrices[described.Buffer].Bytes;
        return buffer.Stack1 - described.Stack1.Evaluate(point.Instance.Loops);
    }

    /// <summary>The bytes of one matrix of a buffer, whatever part of it is held.</summary>
    public Span<byte> Matrix(in ExecutionPoint point, TapeBuffer buffer, int stack0, int stack1)
    {
        if ((uint)stack0 >= (uint)buffer.Stack0 || (uint)stack1 >= (uint)buffer.Stack1)
            throw Fault(point, buffer, $"there is no matrix [{stack0}, {stack1}]");
        long bytes = buffer.MatrixBytes(_bounds);
        return new(Memory(point, buffer).Bytes + buffer.Address + bytes * ((long)stack0 * buffer.Stack1 + stack1), checked((int)bytes));
    }

    /// <summary>Fills all constant buffers that an instruction names.</summary>
    /// <exception cref="TapeFaultException">A tensor does not have the format or shape of its buffer, or tile groups contradict each other.</exception>
    public void FillAll()
    {
        for (int number = 0; number < Role.Buffers.Length; number++)
            Fill(number, _constants);
    }

    /// <summary>
    /// Fills a constant buffer with the part of each tensor that a rank and tile holds. Which tiles hold it follows from the tile groups of the
    /// instructions that name it.
    /// </summary>
    /// <exception cref="TapeFaultException">A tensor does not have the format or shape of its buffer, or tile groups contradict each other.</exception>
    public void Fill(int number, IConstantSource constants)
    {
        lock (_filling)
        {
            if (_isFilled[number])
                return;
            TapeBuffer buffer = Role.Buffers[number];
            HashSet<TileGroup> groups =
            [
                .. Role.Instructions.Where(i => i.Reads.Any(d => Role.Descriptors[d].Buffer == number)).Select(i => i.Tiles),
            ];
            if (groups.Count > 0 && !IsPerTile(buffer.Space))
                groups = [new(0, 1)];
            for (int stack0 = 0; groups.Count > 0 && stack0 < buffer.Stack0; stack0++)
                FillMatrices(buffer, stack0, groups, constants);
            Volatile.Write(ref _isFilled[number], true);
        }
    }

    public void Dispose()
    {
        foreach (MemorySpace[] spaces in _spaces)
        {
            foreach (MemorySpace space in spaces)
                space.Dispose();
        }
    }

    /// <summary>How faults name an instruction.</summary>
    public static string Where(in ExecutionPoint point) =>
        $"{point.Instance.Instruction.Definition.Mnemonic} at {point.Instance.ProgramCounter} of role '{point.Role.Name}' (rank {point.Rank}, tile {point.Tile})";

    private static TapeFaultException Fault(in ExecutionPoint point, TapeBuffer buffer, string problem) =>
        new($"{Where(point)}: buffer '{buffer.Name}': {problem}.", point.Instance.Instruction, buffer.Name);

    private MemorySpace Memory(in ExecutionPoint point, TapeBuffer buffer)
    {
        int tile = point.Instance.Instruction.Tiles.First + point.Tile;
        if (point.Rank >= Role.Ranks || tile >= Role.Tiles)
            throw Fault(point, buffer, $"there is no rank {point.Rank} with a tile {tile}");
        return Memory(buffer.Space, point.Rank, tile);
    }

    private MemorySpace Memory(Space space, int rank, int tile) => _spaces[(int)space][IsPerTile(space) ? rank * Role.Tiles + tile : rank];

    private void FillMatrices(TapeBuffer buffer, int stack0, HashSet<TileGroup> groups, IConstantSource constants)
    {
        Step none = new() { Sequences = [], Tokens = [] };
        string name = buffer.TensorOf(stack0);
        for (int stack1 = 0; stack1 < buffer.Stack1; stack1++)
        {
            PackedTensor tensor = constants.Tensor(name, stack1);
            foreach (TileGroup group in groups)
            {
                for (int rank = 0; rank < Role.Ranks; rank++)
                {
                    for (int tile = 0; tile < group.Count; tile++)
                        FillPart(none, buffer, stack0, stack1, name, tensor, rank, group.First, tile);
                }
            }
        }
    }

    private void FillPart(
        Step none,
        TapeBuffer buffer,
        int stack0,
        int stack1,
        string name,
        PackedTensor tensor,
        int rank,
        int firstTile,
        int tile
    )
    {
        ResolveContext context = new(none, rank, tile, default, -1);
        AxisRange rows = buffer.Rows.Resolve(context);
        AxisRange columns = buffer.Columns.Resolve(context);
        if (rows.Count == 0 || columns.Count == 0)
            return;
        if (tensor.Format != buffer.Format || rows.End > tensor.Rows || columns.End > tensor.Columns)
        {
            throw new TapeFaultException(
                $"Buffer '{buffer.Name}' holds rows up to {rows.End} and columns up to {columns.End} of {buffer.Format}, but tensor '{name}' is {tensor.Rows} × {tensor.Columns} of {tensor.Format}.",
                buffer: buffer.Name
            );
        }
        TensorLayout layout = buffer.Layout(_bounds);
        long matrixBytes = buffer.MatrixBytes(_bounds);
        MemorySpace memory = Memory(buffer.Space, rank, firstTile + tile);
        byte* target = memory.Bytes + buffer.Address + matrixBytes * ((long)stack0 * buffer.Stack1 + stack1);
        fixed (byte* source = tensor.Bytes.Span)
        {
            MatrixView whole = MatrixView.Over(new TensorLayout(tensor.Format, tensor.Rows, tensor.Columns), source);
            MatrixView part = new(layout, target, rows.Start, columns.Start, rows, columns);
            MatrixView.Copy(whole.At(rows, columns), part);
        }
    }
}
