using Tapeout.Isa;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Tests;

/// <summary>Builds one role by hand: buffers laid out one behind the other, a descriptor per call.</summary>
internal sealed class TapeBuilder(string role = "chip", int ranks = 1, int tiles = 1)
{
    private readonly List<TapeBuffer> _buffers = [];
    private readonly List<Descriptor> _descriptors = [];
    private readonly List<Instruction> _instructions = [];
    private readonly long[] _next = new long[4];

    public static Envelope Envelope { get; } = new(Sequences: 8, Tokens: 16, Context: 1024, Pages: 16, LogitRows: 8);

    public static Axis All(int size) => new(size);

    public static Axis Tokens(int multiplier = 1) => new(SizeExpression.Of(Symbol.Tokens, multiplier));

    public static Axis Rows { get; } = new(SizeExpression.Of(Symbol.LogitRows));

    public int Buffer(
        string name,
        NumberFormat format,
        Axis rows,
        Axis columns,
        BufferKind kind = BufferKind.Activation,
        Space space = Space.Sram,
        int stack0 = 1,
        int stack1 = 1
    )
    {
        TapeBuffer buffer = new()
        {
            Name = name,
            Kind = kind,
            Space = space,
            Format = format,
            Rows = rows,
            Columns = columns,
            Stack0 = stack0,
            Stack1 = stack1,
            Tensor = kind == BufferKind.Constant ? name : "",
            Address = _next[(int)space],
        };
        _next[(int)space] += buffer.Bytes(Envelope.Bounds);
        _buffers.Add(buffer);
        return _buffers.Count - 1;
    }

    public int Constant(string name, NumberFormat format, Axis rows, Axis columns, Space space = Space.Sram) =>
        Buffer(name, format, rows, columns, BufferKind.Constant, space);

    /// <summary>The whole part that a tile holds, or a given range.</summary>
    public int Region(
        int buffer,
        Axis? rows = null,
        Axis? columns = null,
        IndexExpression stack0 = default,
        IndexExpression stack1 = default
    )
    {
        _descriptors.Add(new(buffer, stack0, stack1, rows ?? _buffers[buffer].Rows, columns ?? _buffers[buffer].Columns));
        return _descriptors.Count - 1;
    }

    public TapeBuilder Add(params Instruction[] instructions)
    {
        foreach (Instruction instruction in instructions)
            _instructions.Add(instruction with { Tiles = new(0, tiles) });
        return this;
    }

    public Role Role() =>
        new()
        {
            Name = role,
            Chip = "hand-made",
            ChipHash = "",
            Ranks = ranks,
            Tiles = tiles,
            Buffers = [.. _buffers],
            Descriptors = [.. _descriptors],
            Tokens = [],
            Instructions = [.. _instructions, new Halt()],
        };

    public static Tape Tape(params Role[] roles) =>
        new()
        {
            IsaVersion = 1,
            IsaHash = "",
            Model = "hand-made",
            ModelHash = "",
            Format = "",
            Envelope = Envelope,
            Origins = [new("block", 3, -1)],
            Roles = [.. roles],
        };

    public ReferenceMachine Machine(params (string Name, PackedTensor Tensor)[] constants) => new(Tape(Role()), new Constants(constants));

    /// <summary>As <see cref="Machine"/>, with the fast machine's kernels; the caller disposes of them after it.</summary>
    public (ReferenceMachine Machine, IDisposable Kernels) FastMachine(int threads, params (string Name, PackedTensor Tensor)[] constants)
    {
        Constants source = new(constants);
        FastKernels kernels = new(source, threads);
        return (new(Tape(Role()), source, kernels), kernels);
    }

    /// <summary>As <see cref="FastMachine"/>, each kernel in lock-step with its definition.</summary>
    public (ReferenceMachine Machine, ComparingKernels Comparing, IDisposable Kernels) ComparingMachine(
        int threads,
        params (string Name, PackedTensor Tensor)[] constants
    )
    {
        Constants source = new(constants);
        FastKernels kernels = new(source, threads);
        ComparingKernels comparing = new(kernels);
        return (new(Tape(Role()), source, comparing), comparing, kernels);
    }

    public static PackedTensor Pack(NumberFormat format, float[] values, int rows)
    {
        int columns = values.Length / rows;
        byte[] bytes = new byte[new TensorLayout(format, rows, columns).Bytes];
        if (format.Element == ElementType.I32)
            System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(values.Select(value => (int)value).ToArray()).CopyTo(bytes);
        else
            TensorCodec.Quantise(format, values, rows, columns, bytes);
        return new(format, rows, columns, bytes);
    }

    public static float[] Random(int seed, int count)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }

    /// <summary>One step over sequences of (context, new tokens), pages in order, greedy logits behind each sequence's last token.</summary>
    public static Step Step(params (int Context, int New)[] sequences)
    {
        List<SequenceRow> rows = [];
        List<TokenRow> tokens = [];
        List<LogitRow> logits = [];
        int page = 0;
        for (int s = 0; s < sequences.Length; s++)
        {
            (int context, int count) = sequences[s];
            int pages = (context + count + 63) / 64;
            rows.Add(new(tokens.Count, count, context, [.. Enumerable.Range(page, pages)]));
            page += pages;
            for (int t = 0; t < count; t++)
                tokens.Add(new(tokens.Count, context + t, s));
            logits.Add(new(tokens.Count - 1, Sampler.Greedy));
        }
        return new()
        {
            Sequences = [.. rows],
            Tokens = [.. tokens],
            LogitRows = [.. logits],
        };
    }

    public static uint[] Bits(IEnumerable<float> values) => [.. values.Select(BitConverter.SingleToUInt32Bits)];

    private sealed class Constants((string Name, PackedTensor Tensor)[] tensors) : IConstantSource
    {
        public PackedTensor Tensor(string name, int index) => tensors.First(tensor => tensor.Name == name).Tensor;
    }
}

/// <summary>Reads a region by its descriptor behind the last instruction, at one rank and tile.</summary>
internal static class MachineReading
{
    public static float[] Floats(this ReferenceMachine machine, Step step, int descriptor, int rank = 0, int tile = 0, int role = 0) =>
        machine.ReadFloats(Point(machine, step, rank, tile, role), descriptor);

    public static int[] Integers(this ReferenceMachine machine, Step step, int descriptor, int rank = 0, int tile = 0) =>
        machine.ReadIntegers(Point(machine, step, rank, tile, 0), descriptor);

    private static ExecutionPoint Point(ReferenceMachine machine, Step step, int rank, int tile, int role)
    {
        Role chip = machine.Tape.Roles[role];
        return new(chip, rank, tile, new(0, 0, chip.Instructions[0], default), step, 3);
    }
}
