using Tapeout.Numerics;

namespace Tapeout.Isa.Tests;

/// <summary>
/// For each instruction a role in which it keeps every constraint, and for each constraint a role that breaks it. Roles hold one
/// instruction (and what encloses it), so hazards and unwritten operands are not looked at here.
/// </summary>
internal static partial class ConstraintCases
{
    public static NumberFormat F32 { get; } = NumberFormat.F32;

    public static NumberFormat I32 { get; } = NumberFormat.I32;

    public static NumberFormat Row { get; } = NumberFormat.Int8Row;

    public static NumberFormat Group { get; } = NumberFormat.Int8Group(32);

    public static Axis T { get; } = new(SizeExpression.Of(Symbol.Tokens));

    public static Axis R { get; } = new(SizeExpression.Of(Symbol.LogitRows));

    public static Axis C(int size) => new(size);

    public static Axis Part(int size) => new(size) { LoopStep = 16 };

    /// <summary>A region that is a whole buffer of its own.</summary>
    public static int Of(
        this RoleMaker role,
        NumberFormat format,
        Axis rows,
        Axis columns,
        BufferKind kind = BufferKind.Activation,
        Space space = Space.Sram,
        int stack1 = 1
    ) => role.Region(role.Buffer("b", format, rows, columns, kind, space, 1, stack1));

    public static int Cache(this RoleMaker role, int heads, int width, NumberFormat? format = null, BufferKind kind = BufferKind.State) =>
        role.Of(format ?? Row, C(heads * 64), C(width), kind, Space.Dram, ValidTape.Envelope.Pages);

    /// <summary>What every case is held against: valid ones by mnemonic, broken ones by label.</summary>
    public static IReadOnlyDictionary<string, Func<Tape>> Valid { get; } = AllOf(valid: true);

    public static IReadOnlyDictionary<string, Func<Tape>> Broken { get; } = AllOf(valid: false);

    private static Dictionary<string, Func<Tape>> AllOf(bool valid)
    {
        Dictionary<string, Func<Tape>> cases = [];
        foreach ((string label, Func<Tape> make) in Control().Concat(Products()).Concat(Vectors()).Concat(Others()))
        {
            if (label.Contains(' ') != valid)
                cases.Add(label, make);
        }
        return cases;
    }

    private static Func<Tape> One(Func<RoleMaker, Instruction> make, int tiles = 1, int ranks = 1) =>
        () =>
        {
            RoleMaker role = new(tiles, ranks);
            Instruction instruction = make(role) with { Origin = 1 };
            return ValidTape.Make(role.Add(instruction).Make());
        };

    private static Func<Tape> Stream(params Instruction[] stream) =>
        () => ValidTape.Make(new RoleMaker().Add(stream).Make(stream.Length == 0 || stream[^1] is not Halt));

    private static Loop Open(int level, SizeExpression? count = null) => new() { Level = level, Count = count ?? SizeExpression.Of(2) };

    private static End Close(int level) => new() { Level = level };

    private static Launch Kernel(int length, int blockRows = 1, int splitK = 1) =>
        new()
        {
            Length = length,
            BlockRows = blockRows,
            BlockColumns = 1,
            BlockDepth = 1,
            SplitK = splitK,
            Stages = 1,
            BlocksPerCore = 1,
            Replay = false,
        };

    private static IEnumerable<(string, Func<Tape>)> Control()
    {
        yield return ("LOOP", Stream(Open(0), Open(1), Close(1), Close(0)));
        yield return ("LOOP C1", Stream(Open(1), Open(1), Close(1), Close(1)));
        yield return ("LOOP C2", Stream(Open(0)));
        yield return ("LOOP C3", Stream(Open(0, SizeExpression.Of(Symbol.Tokens, 1 << 20)), Close(0)));
        yield return ("END", Stream(Open(3), Close(3)));
        yield return ("END C1", Stream(Close(0)));
        yield return ("LAUNCH", Stream(Open(0), Kernel(0), Close(0)));
        yield return ("LAUNCH C1", Stream(Kernel(0)));
        yield return ("LAUNCH C2", Stream(Open(0), Kernel(1), Close(0)));
        yield return ("LAUNCH C3", Stream(Kernel(0, splitK: 2)));
        yield return ("BARRIER", One(r => new Barrier { Engine = Engine.Dma, Signals = [r.Token(Engine.Dma, Engine.Host)] }));
        yield return ("BARRIER C1", One(_ => new Barrier()));
        yield return ("HALT", Stream());
        yield return ("HALT C1", Stream(new Halt(), new Halt()));

        Copy Move(int source, int destination) =>
            new()
            {
                Source = source,
                Destination = destination,
                Multicast = false,
            };
        yield return ("COPY", One(r => Move(r.Of(Group, T, C(64)), r.Of(Group, T, C(64)))));
        yield return ("COPY C1", One(r => Move(r.Of(F32, T, C(64)), r.Of(F32, T, C(32)))));
        yield return (
            "COPY C2",
            One(r =>
                Move(
                    r.Region(r.Buffer("a", Group, T, C(64)), columns: Part(64)),
                    r.Region(r.Buffer("b", Group, T, C(64)), columns: Part(64))
                )
            )
        );
        Gather Take(int table, int destination, int ids) =>
            new()
            {
                Table = table,
                Destination = destination,
                Rows = RowSource.TokenIds,
                Ids = ids,
            };
        yield return ("GATHER", One(r => Take(r.Of(Row, C(9), C(8)), r.Of(F32, T, C(8)), r.Of(NumberFormat.I32, T, C(1)))));
        yield return ("GATHER C1", One(r => Take(r.Of(Row, C(9), C(8)), r.Of(NumberFormat.F16, T, C(8)), r.Of(NumberFormat.I32, T, C(1)))));
        yield return ("GATHER C2", One(r => Take(r.Of(Row, C(9), C(8)), r.Of(F32, R, C(8)), r.Of(NumberFormat.I32, T, C(1)))));
        yield return ("GATHER C4", One(r => Take(r.Of(Row, C(9), C(8)), r.Of(F32, T, C(8)), -1)));
        yield return ("GATHER C3", One(r => Take(r.Of(Row, C(9), C(8)), r.Of(F32, T, C(4)), r.Of(NumberFormat.I32, T, C(1)))));
        KvAppend Append(int source, int cache) =>
            new()
            {
                Source = source,
                Cache = cache,
                HeadDimension = 8,
            };
        yield return ("KVAPPEND", One(r => Append(r.Of(F32, T, C(16)), r.Cache(2, 8))));
        yield return ("KVAPPEND C1", One(r => Append(r.Of(NumberFormat.BF16, T, C(16)), r.Cache(2, 8))));
        yield return ("KVAPPEND C2", One(r => Append(r.Of(F32, T, C(16)), r.Cache(2, 4))));
        yield return ("KVAPPEND C3", One(r => Append(r.Of(F32, T, C(24)), r.Cache(2, 8))));
        yield return ("PAGECOPY", One(r => new PageCopy { Cache = r.Cache(2, 8) }));
        yield return ("PAGECOPY C1", One(r => new PageCopy { Cache = r.Cache(2, 8, kind: BufferKind.Activation) }));
    }

    private static IEnumerable<(string, Func<Tape>)> Products()
    {
        int Slot(RoleMaker r, Axis rows, Axis columns, NumberFormat? format = null, Space space = Space.Array) =>
            r.Of(format ?? Row, rows, columns, BufferKind.Staging, space);
        Install Load(int source, int slot) => new() { Source = source, Slot = slot };
        yield return ("INSTALL", One(r => Load(r.Of(Row, C(16), C(32)), Slot(r, C(16), C(32)))));
        yield return ("INSTALL C1", One(r => Load(r.Of(Row, C(16), C(32)), Slot(r, C(16), C(32), space: Space.Sram))));
        yield return ("INSTALL C2", One(r => Load(r.Of(Row, C(16), C(32)), Slot(r, C(16), C(32), Group))));
        yield return ("INSTALL C3", One(r => Load(r.Of(Row, C(17), C(32)), Slot(r, C(17), C(32)))));

        MatMul Multiply(int x, int w, int y, int length, int block, MatMulResult result = MatMulResult.Final) =>
            new()
            {
                X = x,
                W = w,
                Y = y,
                Result = result,
                Accumulate = AccumulateMode.Overwrite,
                FirstLevels = 0,
                PlanLength = length,
                PlanBlock = block,
            };
        MatMul Plain(RoleMaker r, int k = 64) => Multiply(r.Of(Row, T, C(k)), r.Of(Row, C(8), C(k)), r.Of(F32, T, C(8)), k, 0);
        yield return ("MATMUL", One(r => Plain(r)));
        yield return (
            "MATMUL C1",
            One(r => Multiply(r.Of(F32, T, C(64)), r.Of(F32, C(8), C(64)), r.Of(F32, T, C(8)), 64, ReductionPlan.DefaultBlock))
        );
        yield return ("MATMUL C2", One(r => Multiply(r.Of(Row, T, C(64)), r.Of(Row, C(8), C(64)), r.Of(F32, T, C(9)), 64, 0)));
        yield return ("MATMUL C3", One(r => Plain(r) with { PlanLength = 128 }));
        yield return ("MATMUL C4", One(r => Plain(r) with { Accumulate = AccumulateMode.Continue }));
        yield return ("MATMUL C5", One(r => Plain(r, 1 << 18)));
        yield return ("MATMUL C6", One(r => Plain(r) with { PlanBlock = 32 }));

        Combine Fold(int leaves, int destination, int count) =>
            new()
            {
                Leaves = leaves,
                Destination = destination,
                Count = count,
            };
        yield return ("COMBINE", One(r => Fold(r.Of(F32, T, C(8), stack1: 4), r.Of(F32, T, C(8)), 4)));
        yield return ("COMBINE C1", One(r => Fold(r.Of(F32, T, C(8), stack1: 4), r.Of(F32, T, C(8)), 8)));
        yield return ("COMBINE C2", One(r => Fold(r.Of(F32, T, C(8), stack1: 4), r.Of(F32, T, C(9)), 4)));
        Finish Scale(int accumulator, int x, int w, int destination) =>
            new()
            {
                Accumulator = accumulator,
                X = x,
                W = w,
                Destination = destination,
            };
        yield return ("FINISH", One(r => Scale(r.Of(I32, T, C(8)), r.Of(Row, T, C(64)), r.Of(Row, C(8), C(64)), r.Of(F32, T, C(8)))));
        yield return ("FINISH C1", One(r => Scale(r.Of(F32, T, C(8)), r.Of(Row, T, C(64)), r.Of(Row, C(8), C(64)), r.Of(F32, T, C(8)))));
        yield return ("FINISH C2", One(r => Scale(r.Of(I32, T, C(8)), r.Of(Row, T, C(64)), r.Of(Group, C(8), C(64)), r.Of(F32, T, C(8)))));
    }
}
