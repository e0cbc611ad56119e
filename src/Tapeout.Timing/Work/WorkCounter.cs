using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Timing;

/// <summary>
/// Counts the work of a role's instructions from their shapes. Executions of equal shape are counted once and multiplied; so are ranks and
/// tiles whose parts have equal sizes, which is exact, since counts depend on sizes and not on where a part lies.
/// </summary>
internal sealed partial class WorkCounter : IInstructionVisitor<bool>
{
    private readonly Tape _tape;
    private readonly Role _role;
    private readonly ChipDescription _chip;
    private readonly Step _step;
    private readonly bool _dynamic;
    private readonly KernelLibrary? _library;
    private readonly int? _rank;
    private readonly InstructionTraits[] _traits;
    private readonly Dictionary<(int, int, int, int, int, int), Ledger> _ledgers = [];
    private Ledger _ledger = null!;
    private InstructionTraits _trait = null!;
    private ResolveContext _context;
    private Instruction _instruction = null!;
    private int _tiles;
    private bool _wholeChip;
    private bool _held;
    private Int128 _times;

    /// <param name="tape">The tape.</param>
    /// <param name="role">The role whose instructions are counted.</param>
    /// <param name="chip">The role's chip.</param>
    /// <param name="step">Shapes, and counts of experts where layers route.</param>
    /// <param name="software">The software whose kernels do the products and, fused, keep what passes between them; none for the chip's own tape.</param>
    /// <param name="rank">The rank that is counted alone; none for all ranks.</param>
    public WorkCounter(Tape tape, Role role, ChipDescription chip, Step step, SoftwareStack? software, int? rank = null)
    {
        _rank = rank;
        _tape = tape;
        _role = role;
        _chip = chip;
        _step = step;
        _dynamic = chip.Execution.Style == ExecutionStyle.Dynamic;
        software = _dynamic ? software : null;
        _library = software?.Library;
        _traits = InstructionTraits.Of(role, software);
    }

    /// <summary>
    /// Adds every execution of the step. Loops whose index no shape of an instruction follows are multiplied; only what depends on the tokens
    /// of experts, which differ from layer to layer, is unrolled.
    /// </summary>
    public void AddAll()
    {
        List<Loop> open = [];
        bool hasExperts = false;
        for (int counter = 0; counter < _traits.Length; counter++)
        {
            Instruction instruction = _role.Instructions[counter];
            if (instruction is Loop loop)
                open.Add(loop);
            else if (instruction is End)
                open.RemoveAt(open.Count - 1);
            else if (_traits[counter].DependsOnExperts)
                hasExperts = true;
            else
                AddLoops(counter, open, 0, default, 1);
        }
        if (!hasExperts)
            return;
        foreach (InstructionInstance instance in Sequencer.Unroll(_role, _step.Sizes))
        {
            if (_traits[instance.ProgramCounter].DependsOnExperts)
                Add(instance, 1);
        }
    }

    private void AddLoops(int counter, List<Loop> loops, int depth, LoopIndices indices, long executions)
    {
        if (executions == 0)
            return;
        if (depth == loops.Count)
        {
            Add(new(0, counter, _role.Instructions[counter], indices), executions);
            return;
        }
        int count = Math.Max(0, loops[depth].Count.Evaluate(_step.Sizes));
        if (!_traits[counter].DependsOn(loops[depth].Level))
        {
            AddLoops(counter, loops, depth + 1, indices, executions * count);
            return;
        }
        for (int i = 0; i < count; i++)
            AddLoops(counter, loops, depth + 1, indices.With(loops[depth].Level, i), executions);
    }

    private void Add(in InstructionInstance instance, long executions) => LedgerOf(instance).Executions += executions;

    /// <summary>Bytes that one execution moves from and to the memory beside the die, all tiles together, in whole bursts.</summary>
    public long MemoryBytes(in InstructionInstance instance)
    {
        Int128 sum = 0;
        foreach ((WorkItem item, Int128 count) in LedgerOf(instance).Counts)
        {
            if (item.Level == MemoryLevel.Dram)
                sum += count;
        }
        return (long)sum;
    }

    /// <summary>
    /// Bytes of activations that one execution has beside the die or in the SRAM that all tiles share, and which of both: SRAM holds the
    /// operands of an instruction that together fill at most half of it.
    /// </summary>
    public (long Bytes, bool Held) Activations(in InstructionInstance instance)
    {
        Ledger ledger = LedgerOf(instance);
        return (ledger.Activations, Holds(ledger.Activations));
    }

    /// <summary>True for an operand that an instruction neither reads from nor writes to memory or shared SRAM.</summary>
    private bool IsKept(InstructionTraits trait, int operand) =>
        (!_instruction.Reads.Contains(operand) || trait.StaysInCore(operand, false))
        && (!_instruction.Writes.Contains(operand) || trait.StaysInCore(operand, true));

    private bool Holds(long bytes) => _chip.SharedSram is { } shared && bytes <= shared.Capacity.Count / 2;

    /// <summary>What one execution adds; executions of equal shape are counted once.</summary>
    private Ledger LedgerOf(in InstructionInstance instance)
    {
        InstructionTraits trait = _traits[instance.ProgramCounter];
        LoopIndices loops = instance.Loops;
        _instruction = instance.Instruction;
        _context = new(_step, _rank ?? 0, 0, loops, _tape.Origins[_instruction.Origin].Layer(loops));
        int Key(int level) => trait.DependsOn(level) ? loops[level] : -1;
        var key = (instance.ProgramCounter, Key(0), Key(1), Key(2), Key(3), ExpertTokens(trait));
        if (!_ledgers.TryGetValue(key, out Ledger? ledger))
        {
            _ledgers[key] = _ledger = ledger = new();
            Count(trait);
        }
        return ledger;
    }

    /// <summary>What was added, by instruction and kind.</summary>
    public IEnumerable<(int Counter, WorkItem Item, Int128 Count)> Totals() =>
        _ledgers
            .SelectMany(l => l.Value.Counts.Select(c => (Counter: l.Key.Item1, Item: c.Key, Count: c.Value * l.Value.Executions)))
            .GroupBy(l => (l.Counter, l.Item))
            .Select(g => (g.Key.Counter, g.Key.Item, g.Aggregate((Int128)0, (sum, l) => sum + l.Count)))
            .Where(l => l.Item3 > 0)
            .OrderBy(l => l.Counter);

    /// <summary>
    /// The tokens of the expert whose rows or weights an instruction takes; −1 if it takes none. Of weights only zero and more are told apart.
    /// </summary>
    public int ExpertTokens(in InstructionInstance instance)
    {
        _context = new(_step, _rank ?? 0, 0, instance.Loops, _tape.Origins[instance.Instruction.Origin].Layer(instance.Loops));
        return ExpertTokens(_traits[instance.ProgramCounter]);
    }

    private int ExpertTokens(InstructionTraits trait)
    {
        int tokens = -1;
        foreach (int operand in trait.Operands)
        {
            Descriptor d = _role.Descriptors[operand];
            if (d.Rows.Kind == AxisKind.ExpertRows)
                return d.Rows.Resolve(_context).Count;
            if (d.Rows.Kind == AxisKind.ActiveExpert)
                tokens = Math.Min(1, _context.ExpertRows(_context.Loops[d.Rows.InnerLevel]).Count);
            else if (d.Columns.Kind == AxisKind.ActiveExpert)
                tokens = Math.Min(1, _context.ExpertRows(_context.Loops[d.Columns.InnerLevel]).Count);
        }
        return tokens;
    }

    private void Count(InstructionTraits trait)
    {
        _tiles = Math.Max(1, _instruction.Tiles.Count);
        foreach (
            (int rank, int ranks) in Classes(
                trait.Operands,
                _rank is null ? _role.Ranks : 1,
                axis => axis with { TileStep = 0, LoopStep = 0, InnerStep = 0 },
                true
            )
        )
        {
            _context = _context with { Rank = _rank ?? rank, Tile = 0 };
            _wholeChip = true;
            _times = ranks;
            long activations = 0;
            foreach (int operand in _dynamic ? trait.Operands : [])
            {
                if (!IsKept(trait, operand) && Of(operand) is { Space: Space.Dram, Buffer.Kind: BufferKind.Activation } shape)
                    activations += shape.Bytes;
            }
            _trait = trait;
            _held = Holds(activations);
            if (rank == 0)
                _ledger.Activations = activations;
            _instruction.Accept(this);
            _wholeChip = false;
            foreach ((int tile, int tiles) in Classes(trait.Operands, _tiles, axis => axis, false))
            {
                _context = _context with { Tile = tile };
                _times = (Int128)ranks * tiles;
                _instruction.Accept(this);
            }
        }
    }

    /// <summary>Members whose operands have equal sizes: the first of each class and how many there are.</summary>
    private List<(int First, int Count)> Classes(int[] operands, int members, Func<Axis, Axis> part, bool overRanks)
    {
        // What is not divided over the members is equal for all, and operands often share an axis: the rest decides.
        HashSet<Axis> divided = [];
        foreach (int o in operands)
        {
            foreach (Axis axis in (ReadOnlySpan<Axis>)[_role.Descriptors[o].Rows, _role.Descriptors[o].Columns])
            {
                if ((overRanks ? axis.RankStep : axis.TileStep) > 0)
                    divided.Add(part(axis));
            }
        }
        if (divided.Count == 0 || members <= 1)
            return [(0, Math.Max(1, members))];
        Dictionary<long, int> known = [];
        List<(int First, int Count)> classes = [];
        for (int m = 0; m < members; m++)
        {
            ResolveContext context = overRanks ? _context with { Rank = m, Tile = 0 } : _context with { Tile = m };
            long signature = 17;
            foreach (Axis axis in divided)
                signature = unchecked(signature * 1_000_003 + axis.Resolve(context).Count);
            if (known.TryGetValue(signature, out int at))
            {
                classes[at] = classes[at] with { Count = classes[at].Count + 1 };
            }
            else
            {
                known[signature] = classes.Count;
                classes.Add((m, 1));
            }
        }
        return classes;
    }

    private void Tally(WorkItem item, Int128 count)
    {
        if (count > 0)
            _ledger.Counts[item] = _ledger.Counts.GetValueOrDefault(item) + count * _times;
    }

    private Shape Of(int descriptor)
    {
        Descriptor d = _role.Descriptors[descriptor];
        TapeBuffer buffer = _role.Buffers[d.Buffer];
        return _wholeChip
            ? new(buffer, (d.Rows with { TileStep = 0 }).Resolve(_context).Count, (d.Columns with { TileStep = 0 }).Resolve(_context).Count)
            : new(buffer, d.Rows.Resolve(_context).Count, d.Columns.Resolve(_context).Count);
    }

    private bool IsShared(int descriptor)
    {
        Descriptor d = _role.Descriptors[descriptor];
        return d.Rows.TileStep == 0 && d.Columns.TileStep == 0;
    }

    private Int128 Bursts(Int128 bytes)
    {
        long burst = _chip.Memory.Count == 0 ? 1 : _chip.Memory[0].Granularity.Count;
        return (bytes + burst - 1) / burst * burst;
    }

    private sealed class Ledger
    {
        public Dictionary<WorkItem, Int128> Counts { get; } = [];

        public long Executions { get; set; }

        public long Activations { get; set; }
    }

    /// <summary>A part of an operand.</summary>
    private readonly record struct Shape(TapeBuffer Buffer, int Rows, int Columns)
    {
        public NumberFormat Format => Buffer.Format;

        public Space Space => Buffer.Space;

        public long Elements => (long)Rows * Columns;

        public long Bytes => Elements == 0 ? 0 : new TensorLayout(Format, Rows, Columns).Bytes;

        public Purpose Purpose =>
            Buffer.Kind switch
            {
                BufferKind.Constant or BufferKind.Staging => Purpose.Weights,
                BufferKind.State => Purpose.Kv,
                _ => Purpose.Activations,
            };
    }
}
