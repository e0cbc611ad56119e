using Tapeout.Numerics;

namespace Tapeout.Isa.Tests;

/// <summary>A small tape that keeps every rule: identifiers in, embedding, three looped layers of norm, product and addition, logits out.</summary>
internal static class ValidTape
{
    private const int Width = 64;

    public static Axis Tokens { get; } = new(SizeExpression.Of(Symbol.Tokens));

    public static Envelope Envelope { get; } = new(Sequences: 2, Tokens: 4, Context: 128, Pages: 4, LogitRows: 2);

    public static Tape Make(params Role[] roles) =>
        new()
        {
            IsaVersion = InstructionTable.Version,
            IsaHash = "",
            Model = "hand-made",
            ModelHash = "",
            Format = "int8",
            Envelope = Envelope,
            Origins = [new("embedding", -1, -1), new("ffn", 0, 0)],
            Roles = roles.Length > 0 ? [.. roles] : [Layers()],
        };

    private static Role Layers()
    {
        RoleMaker role = new(2);
        Axis wide = new(Width);
        Axis part = new(Width) { TileStep = Width / 2 };
        Axis chunk = part with { LoopStep = 16, LoopLevel = 1 };
        int ids = role.Buffer("ids", NumberFormat.I32, Tokens, new(1));
        int table = role.Buffer("table", NumberFormat.F16, new(100), wide, BufferKind.Constant, Space.Dram);
        int x = role.Buffer("x", NumberFormat.F32, Tokens, wide);
        int q = role.Buffer("q", NumberFormat.Int8Row, Tokens, wide);
        int w = role.Buffer("w", NumberFormat.Int8Row, wide, wide, BufferKind.Constant, Space.Dram, stack0: 3);
        int staging = role.Buffer("staging", NumberFormat.Int8Row, chunk, wide, BufferKind.Staging, slots: 2, slotLevel: 1);
        int y = role.Buffer("y", NumberFormat.F32, Tokens, part);
        int all = role.Buffer("all", NumberFormat.F32, Tokens, wide);
        int rows = role.Buffer("rows", NumberFormat.F32, new(SizeExpression.Of(Symbol.LogitRows)), wide);
        int xs = role.Region(x);
        int stage = role.Region(staging);
        int sent = role.Token(Engine.Host, Engine.Dma);
        int embedded = role.Token(Engine.Dma, Engine.Vector);
        int quantised = role.Token(Engine.Vector, Engine.Matrix);
        int staged = role.Token(Engine.Dma, Engine.Matrix);
        int free = role.Token(Engine.Matrix, Engine.Dma, 2);
        int multiplied = role.Token(Engine.Matrix, Engine.Network);
        int gathered = role.Token(Engine.Network, Engine.Vector);
        int allFree = role.Token(Engine.Vector, Engine.Network, 1);
        int yFree = role.Token(Engine.Network, Engine.Matrix, 1);
        int qFree = role.Token(Engine.Matrix, Engine.Vector, 1);
        int finished = role.Token(Engine.Vector, Engine.Dma);
        int out_ = role.Token(Engine.Dma, Engine.Host);
        role.Add(
            new HostIn
            {
                Destination = role.Region(ids),
                Data = HostData.TokenIds,
                Signals = [sent],
            },
            new Gather
            {
                Table = role.Region(table),
                Destination = xs,
                Rows = RowSource.TokenIds,
                Ids = role.Region(ids),
                Waits = [sent],
                Signals = [embedded],
            },
            new Barrier { Engine = Engine.Vector, Waits = [embedded] },
            new Loop
            {
                Level = 0,
                Count = SizeExpression.Of(3),
                Origin = 1,
            },
            new Quantise
            {
                Source = xs,
                Destination = role.Region(q),
                Waits = [qFree],
                Signals = [quantised],
                Origin = 1,
            },
            new Barrier
            {
                Engine = Engine.Matrix,
                Waits = [quantised, yFree],
                Origin = 1,
            },
            new Loop
            {
                Level = 1,
                Count = SizeExpression.Of(2),
                Origin = 1,
            },
            new Copy
            {
                Source = role.Region(w, chunk, stack0: IndexExpression.Loop(0)),
                Destination = stage,
                Multicast = false,
                Waits = [free],
                Signals = [staged],
                Origin = 1,
            },
            new MatMul
            {
                X = role.Region(q),
                W = stage,
                Y = role.Region(y, columns: chunk),
                Result = MatMulResult.Final,
                Accumulate = AccumulateMode.Overwrite,
                FirstLevels = 0,
                PlanLength = Width,
                PlanBlock = 0,
                Waits = [staged],
                Signals = [free],
                Origin = 1,
            },
            new End { Level = 1, Origin = 1 },
            new Barrier
            {
                Engine = Engine.Matrix,
                Signals = [multiplied, qFree],
                Origin = 1,
            },
            new Exchange
            {
                Source = role.Region(y),
                Destination = role.Region(all),
                Group = Group.Tiles,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
                Waits = [multiplied, allFree],
                Signals = [gathered, yFree],
                Origin = 1,
            },
            new Binary
            {
                Left = xs,
                Right = role.Region(all),
                Destination = xs,
                Function = BinaryFunction.Add,
                Waits = [gathered],
                Signals = [allFree],
                Origin = 1,
            },
            new End { Level = 0, Origin = 1 },
            new Barrier { Engine = Engine.Vector, Signals = [finished] },
            new Gather
            {
                Table = xs,
                Destination = role.Region(rows),
                Rows = RowSource.LogitRows,
                Waits = [finished],
                Signals = [out_],
            },
            new HostOut
            {
                Source = role.Region(rows),
                Data = HostData.Logits,
                Waits = [out_],
            }
        );
        return role.Make();
    }
}
