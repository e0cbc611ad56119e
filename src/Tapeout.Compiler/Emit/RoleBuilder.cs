using System.Collections.Immutable;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Compiler;

/// <summary>Collects buffers, descriptors, origins and instructions of a role while operators are lowered.</summary>
internal sealed class RoleBuilder(int tiles, ExecutionDescription execution)
{
    private readonly Dictionary<Descriptor, int> descriptorNumbers = [];
    private readonly Dictionary<Origin, int> originNumbers = [];
    private readonly HashSet<string> names = [];
    private readonly Stack<int> levels = new();

    public List<TapeBuffer> Buffers { get; } = [];

    public List<Descriptor> Descriptors { get; } = [];

    public List<Origin> Origins { get; } = [];

    public List<Instruction> Instructions { get; } = [];

    /// <summary>The origin that emitted instructions get.</summary>
    public int CurrentOrigin { get; private set; }

    public void Enter(string @operator, int firstLayer, int loopLevel)
    {
        Origin origin = new(@operator, firstLayer, loopLevel);
        if (!originNumbers.TryGetValue(origin, out int number))
        {
            number = Origins.Count;
            Origins.Add(origin);
            originNumbers.Add(origin, number);
        }
        CurrentOrigin = number;
    }

    public int AddBuffer(TapeBuffer buffer)
    {
        string name = buffer.Name;
        for (int i = 2; !names.Add(name); i++)
            name = $"{buffer.Name}.{i}";
        Buffers.Add(buffer with { Name = name });
        return Buffers.Count - 1;
    }

    public int Activation(string name, Space space, NumberFormat format, Axis rows, Axis columns, int leaves = 1) =>
        AddBuffer(
            new()
            {
                Name = name,
                Kind = BufferKind.Activation,
                Space = space,
                Format = format,
                Rows = rows,
                Columns = columns,
                Stack1 = leaves,
            }
        );

    public int Describe(int buffer, Axis rows, Axis columns, IndexExpression stack0 = default, IndexExpression stack1 = default)
    {
        Descriptor descriptor = new(buffer, stack0, stack1, rows, columns);
        if (!descriptorNumbers.TryGetValue(descriptor, out int number))
        {
            number = Descriptors.Count;
            Descriptors.Add(descriptor);
            descriptorNumbers.Add(descriptor, number);
        }
        return number;
    }

    public int Describe(Value value) => Describe(value.Buffer, value.Rows, value.Columns);

    /// <summary>Adds an instruction; on a dynamic chip a kernel of its own.</summary>
    public void Emit(Instruction instruction, bool allTiles = true)
    {
        if (execution.BlockTile is { } block && instruction.Engine is Engine.Matrix or Engine.Vector or Engine.Attention or Engine.Dma)
        {
            bool product = instruction is MatMul;
            Instructions.Add(
                new Launch
                {
                    Length = 1,
                    BlockRows = product ? block.M : 1,
                    BlockColumns = product ? block.N : block.M * block.N,
                    BlockDepth = product ? block.K : 1,
                    SplitK = 1,
                    Stages = 1,
                    BlocksPerCore = execution.BlocksPerCore ?? 1,
                    Replay = true,
                    Origin = CurrentOrigin,
                }
            );
        }
        Instructions.Add(instruction with { Origin = CurrentOrigin, Tiles = allTiles ? new(0, tiles) : new(0, 1) });
    }

    public void BeginLoop(int level, int count)
    {
        levels.Push(level);
        Instructions.Add(
            new Loop
            {
                Level = level,
                Count = SizeExpression.Of(count),
                Origin = CurrentOrigin,
            }
        );
    }

    public void EndLoop() => Instructions.Add(new End { Level = levels.Pop(), Origin = CurrentOrigin });

    public Role Build(string name, string chip, string chipHash, int ranks) =>
        new()
        {
            Name = name,
            Chip = chip,
            ChipHash = chipHash,
            Ranks = ranks,
            Tiles = tiles,
            Buffers = [.. Buffers],
            Descriptors = [.. Descriptors],
            Tokens = ImmutableArray<DependencyToken>.Empty,
            Instructions = [.. Instructions],
        };
}
