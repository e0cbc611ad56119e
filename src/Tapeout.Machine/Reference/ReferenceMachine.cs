using System.Runtime.InteropServices;
using Tapeout.Isa;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Machine.Reference;

/// <summary>
/// The living definition of the instruction set: executes a tape one instruction after the other, at every rank and tile of its group, by
/// the methods of <see cref="Semantics"/>. Ranks of a role go in lock-step; roles take turns where one waits for another.
/// </summary>
public sealed class ReferenceMachine : IMachine
{
    /// <summary>Unrolled streams that are kept: a run has few kinds of steps, and a decode one.</summary>
    private const int MostUnrolled = 64;

    private readonly RoleMemory[] _memories;
    private readonly Stream[] _streams;
    private readonly IKernels? _kernels;
    private readonly StepOutput _output = new();
    private readonly Dictionary<(int Channel, int Rank, int Tile), Queue<Parcel>> _channels = [];

    /// <summary>Allocates the memories of all ranks and tiles and fills the constants.</summary>
    /// <param name="tape">A verified tape.</param>
    /// <param name="constants">The quantised model that the tape was compiled for.</param>
    /// <exception cref="TapeFaultException">A tensor does not have the format or shape of its buffer.</exception>
    public ReferenceMachine(Tape tape, IConstantSource constants)
        : this(tape, constants, null) { }

    /// <summary>As the public constructor; instructions that <paramref name="kernels"/> takes are not executed by <see cref="Semantics"/>.</summary>
    internal ReferenceMachine(Tape tape, IConstantSource constants, IKernels? kernels)
    {
        Tape = tape;
        _kernels = kernels;
        _memories = [.. tape.Roles.Select(role => new RoleMemory(role, tape.Envelope, constants))];
        _streams = [.. _memories.Select(memory => new Stream(memory, keepsViews: kernels is not null))];
        foreach (RoleMemory memory in _memories)
        {
            if (kernels is null)
                memory.FillAll();
            else
                kernels.Prepare(tape, memory);
        }
    }

    /// <inheritdoc/>
    public Tape Tape { get; }

    /// <inheritdoc/>
    public StepOutput Output => _output;

    /// <summary>Sees every instruction; null for none.</summary>
    public IExecutionObserver? Observer { get; set; }

    /// <summary>Threads that one instruction may use; no bit depends on it.</summary>
    public int Threads { get; set; } = Environment.ProcessorCount;

    /// <inheritdoc/>
    public void Execute(Step step)
    {
        step.Check(Tape.Envelope);
        foreach (Stream stream in _streams)
            stream.Begin(step, null);
        ExecuteStreams(step);
    }

    /// <summary>Executes a step, the instances of each role in a given order that keeps the dependences of <see cref="Sequencer.Predecessors"/>.</summary>
    /// <param name="step">What the tape is bound to.</param>
    /// <param name="order">Gives the indices of a role's instances in the order of execution.</param>
    /// <exception cref="InvalidInputException">The step does not fit the envelope, or an activation became NaN or infinite.</exception>
    /// <exception cref="TapeFaultException">The tape is wrong.</exception>
    public void Execute(Step step, Func<Role, IReadOnlyList<InstructionInstance>, IEnumerable<int>> order)
    {
        step.Check(Tape.Envelope);
        foreach (Stream stream in _streams)
            stream.Begin(step, order);
        ExecuteStreams(step);
    }

    private void ExecuteStreams(Step step)
    {
        _output.Clear();
        _channels.Clear();
        bool moved = true;
        while (moved)
        {
            moved = false;
            foreach (Stream stream in _streams)
            {
                while (!stream.IsDone && TryExecute(stream.Memory, stream.Instance, step))
                {
                    stream.Next++;
                    moved = true;
                }
            }
        }
        foreach (Stream stream in _streams)
        {
            if (stream.IsDone)
                continue;
            throw new TapeFaultException(
                $"Role '{stream.Memory.Role.Name}' waits for a region that no other role sends any more.",
                stream.Instance.Instruction
            );
        }
    }

    /// <summary>
    /// The bytes of an operand, laid out by <see cref="TensorLayout"/> for its region alone: rows and columns from 0, no padding from the buffer.
    /// </summary>
    /// <param name="point">Who executes what: as given to the observer.</param>
    /// <param name="descriptor">The number of the descriptor.</param>
    /// <param name="inner">Added to the index of the inner stack: page, leaf, node.</param>
    /// <returns>The layout and the bytes; a layout of 0 rows and no bytes for an empty region.</returns>
    public (TensorLayout Layout, byte[] Bytes) ReadRegion(in ExecutionPoint point, int descriptor, int inner = 0)
    {
        MatrixView source = MemoryOf(point.Role).View(point, descriptor, inner);
        TensorLayout layout = new(source.Format, source.IsEmpty ? 0 : source.Rows.Count, source.IsEmpty ? 0 : source.Columns.Count);
        byte[] bytes = new byte[layout.Bytes];
        if (source.IsEmpty)
            return (layout, bytes);
        unsafe
        {
            fixed (byte* target = bytes)
                MatrixView.Copy(source, MatrixView.Over(layout, target));
        }
        return (layout, bytes);
    }

    /// <summary>An operand as float32, de-quantised, row by row. Not for int32 regions.</summary>
    /// <param name="point">Who executes what: as given to the observer.</param>
    /// <param name="descriptor">The number of the descriptor.</param>
    /// <param name="inner">Added to the index of the inner stack: page, leaf, node.</param>
    public float[] ReadFloats(in ExecutionPoint point, int descriptor, int inner = 0)
    {
        MatrixView source = MemoryOf(point.Role).View(point, descriptor, inner);
        float[] values = new float[source.IsEmpty ? 0 : checked(source.Rows.Count * source.Columns.Count)];
        for (int i = 0; values.Length > 0 && i < source.Rows.Count; i++)
            source.Dequantise(source.Rows.Start + i, values.AsSpan(i * source.Columns.Count));
        return values;
    }

    /// <summary>An operand of int32, row by row.</summary>
    /// <param name="point">Who executes what: as given to the observer.</param>
    /// <param name="descriptor">The number of the descriptor.</param>
    public int[] ReadIntegers(in ExecutionPoint point, int descriptor)
    {
        (TensorLayout layout, byte[] bytes) = ReadRegion(point, descriptor);
        return layout.Format.Element == ElementType.I32
            ? MemoryMarshal.Cast<byte, int>(bytes)[..(layout.Rows * layout.Columns)].ToArray()
            : throw new InvalidOperationException($"The operand is {layout.Format}, not i32.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (RoleMemory memory in _memories)
            memory.Dispose();
    }

    internal Queue<Parcel> Channel(int channel, int rank, int tile)
    {
        if (!_channels.TryGetValue((channel, rank, tile), out Queue<Parcel>? queue))
            _channels[(channel, rank, tile)] = queue = [];
        return queue;
    }

    private RoleMemory MemoryOf(Role role) => _memories.First(memory => ReferenceEquals(memory.Role, role));

    /// <summary>Executes an instance at all ranks and tiles; false if it receives and nothing has been sent yet.</summary>
    private bool TryExecute(RoleMemory memory, in InstructionInstance instance, Step step)
    {
        Role role = memory.Role;
        Instruction instruction = instance.Instruction;
        int tiles = instruction.Tiles.Count;
        int units = role.Ranks * tiles;
        if (instruction is Receive receive)
        {
            for (int unit = 0; unit < units; unit++)
            {
                if (Channel(receive.Channel, unit / tiles, instruction.Tiles.First + unit % tiles).Count == 0)
                    return false;
            }
        }
        int layer = Tape.Origins.IsEmpty ? -1 : Tape.Origins[instruction.Origin].Layer(instance.Loops);
        // Products and attention of different tiles write different places; all others are small and some act on shared tables.
        if (units > 1 && Threads > 1 && Observer is null && _kernels is null && instruction is MatMul or Attend)
            ExecuteSideBySide(memory, instance, step, layer, units);
        else
            ExecuteInTurn(memory, instance, step, layer, units);
        return true;
    }

    private void ExecuteSideBySide(RoleMemory memory, InstructionInstance instance, Step step, int layer, int units)
    {
        int tiles = instance.Instruction.Tiles.Count;
        try
        {
            Parallel.For(
                0,
                units,
                new ParallelOptions { MaxDegreeOfParallelism = Threads },
                unit => ExecuteAt(memory, new(memory.Role, unit / tiles, unit % tiles, instance, step, layer), 1)
            );
        }
        catch (AggregateException exception)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }

    private void ExecuteInTurn(RoleMemory memory, in InstructionInstance instance, Step step, int layer, int units)
    {
        int tiles = instance.Instruction.Tiles.Count;
        for (int unit = 0; unit < units; unit++)
            ExecuteAt(memory, new(memory.Role, unit / tiles, unit % tiles, instance, step, layer), Threads);
    }

    private void ExecuteAt(RoleMemory memory, in ExecutionPoint point, int threads)
    {
        Observer?.Executing(point);
        try
        {
            if (_kernels?.TryExecute(this, memory, point) != true)
                point.Instance.Instruction.Accept(new Semantics(this, memory, point, threads));
        }
        catch (Exception exception) when (exception is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new TapeFaultException($"{RoleMemory.Where(point)}: {exception.Message}", point.Instance.Instruction, inner: exception);
        }
        catch (InvalidOperationException exception) when (exception is not TapeFaultException)
        {
            throw new TapeFaultException($"{RoleMemory.Where(point)}: {exception.Message}", point.Instance.Instruction, inner: exception);
        }
        catch (NonFiniteValueException exception)
        {
            throw new InvalidInputException(
                $"An activation became {exception.Value} before {Semantics.OperatorName(Tape, point)} could quantise it: use a format with more precision for this model.",
                exception
            );
        }
        Observer?.Executed(point);
    }

    /// <summary>A role's instances in one step, and how far they have been executed.</summary>
    private sealed class Stream(RoleMemory memory, bool keepsViews)
    {
        // What a stream unrolls to follows from the step's sizes alone.
        private readonly Dictionary<StepSizes, Unrolled> _unrolled = [];
        private InstructionInstance[] _instances = [];
        private int[]? _order;

        public RoleMemory Memory { get; } = memory;

        /// <summary>Instances that have been executed.</summary>
        public int Next { get; set; }

        public bool IsDone => Next == (_order?.Length ?? _instances.Length);

        /// <summary>The next instance.</summary>
        public ref readonly InstructionInstance Instance => ref _instances[_order is null ? Next : _order[Next]];

        /// <summary>Starts a step; without an order the stream's own is taken.</summary>
        public void Begin(Step step, Func<Role, IReadOnlyList<InstructionInstance>, IEnumerable<int>>? order)
        {
            if (_unrolled.TryGetValue(step.Sizes, out Unrolled? unrolled))
            {
                // Steps of sizes that come once are not worth a table.
                if (keepsViews)
                    unrolled.Views ??= ViewTable.For(Memory.Role, unrolled.Instances);
            }
            else
            {
                if (_unrolled.Count == MostUnrolled)
                    _unrolled.Clear();
                _unrolled[step.Sizes] = unrolled = new([.. Sequencer.Unroll(Memory.Role, step.Sizes)]);
            }
            _instances = unrolled.Instances;
            Memory.Begin(step, unrolled.Views);
            _order = order is null ? null : [.. order(Memory.Role, _instances)];
            Next = 0;
        }
    }

    /// <summary>A stream for the steps of some sizes, and where its operands lie; null for not known.</summary>
    private sealed class Unrolled(InstructionInstance[] instances)
    {
        public InstructionInstance[] Instances { get; } = instances;

        public ViewTable? Views { get; set; }
    }
}
